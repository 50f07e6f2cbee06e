/**
 * A request body as a coding agent sends it late in a session: instructions, tool schemas, and a history of messages,
 * sealed reasoning, tool calls and tool output with source code in it. Deterministic.
 */
export function agentHistory(targetBytes) {
  const random = lcg(42);
  const input = [
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text: prose(random, 9000) }] },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: prose(random, 400) }] },
  ];
  let bytes = 20_000;
  for (let turn = 0; bytes < targetBytes; turn++) {
    const call = `call_${hex(random, 24)}`;
    const items = [
      {
        type: 'reasoning',
        id: `rs_${hex(random, 48)}`,
        summary: [],
        content: null,
        encrypted_content: sealed(random, 900 + (random() % 2500)),
      },
      {
        type: 'function_call',
        id: `fc_${hex(random, 48)}`,
        call_id: call,
        name: 'exec_command',
        arguments: JSON.stringify({ cmd: `sed -n '1,200p' src/module_${turn}.ts`, workdir: '/workspace' }),
      },
      {
        type: 'function_call_output',
        call_id: call,
        output: `Chunk ID: ${hex(random, 6)}\nWall time: 0.0${random() % 10} seconds\nOutput:\n${code(random, 500 + (random() % 6000))}`,
      },
    ];
    if (turn % 4 === 3)
      items.push({
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text: prose(random, 300 + (random() % 900)) }],
      });
    input.push(...items);
    bytes += Buffer.byteLength(JSON.stringify(items));
  }
  const session = `${hex(random, 8)}-${hex(random, 4)}-7${hex(random, 3)}-8${hex(random, 3)}-${hex(random, 12)}`;
  return Buffer.from(
    JSON.stringify({
      model: 'gpt-5.5',
      input,
      tools: Array.from({ length: 8 }, (_, i) => tool(random, i)),
      tool_choice: 'auto',
      parallel_tool_calls: true,
      reasoning: { effort: 'medium' },
      store: false,
      stream: true,
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: session,
      text: { verbosity: 'low' },
      client_metadata: {
        session_id: session,
        thread_id: session,
        'x-codex-turn-metadata': JSON.stringify({ session_id: session, forked_from_thread_id: 'parent' }),
      },
    }),
  );
}

function tool(random, index) {
  return {
    type: 'function',
    name: `tool_${index}`,
    description: prose(random, 500),
    strict: false,
    parameters: {
      type: 'object',
      properties: { cmd: { type: 'string', description: prose(random, 80) }, limit: { type: 'number' } },
      required: ['cmd'],
      additionalProperties: false,
    },
  };
}

function lcg(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}

const WORDS =
  'the agent reads each file once and then changes only what the task names; nothing else moves'.split(' ');
const LINES = [
  "import { readFile } from 'node:fs/promises';",
  'export function resolve(name: string, options: Options = {}): Result {',
  '  const found = table.get(name) ?? table.get("default");',
  '  if (found === undefined) throw new Error(`no entry for "${name}"`);',
  '  return { status: "ok", value: found.value, path: "C:\\\\work\\\\file" };',
  '  // Keep the order — later entries win ✓',
  '\tfor (const [key, value] of entries) target[key] = value;',
  '}',
  '',
];

function fill(random, length, piece) {
  let text = '';
  while (text.length < length) text += piece();
  return text.slice(0, length);
}

function prose(random, length) {
  return fill(random, length, () => WORDS[random() % WORDS.length] + (random() % 12 === 0 ? '.\n' : ' '));
}

function code(random, length) {
  return fill(random, length, () => LINES[random() % LINES.length] + '\n');
}

function hex(random, length) {
  return fill(random, length, () => (random() & 0xffff).toString(16).padStart(4, '0'));
}

function sealed(random, length) {
  return 'gAAAAA' + fill(random, length, () => Buffer.from(hex(random, 48), 'hex').toString('base64url'));
}
