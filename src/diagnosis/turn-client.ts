import type { TurnFacts } from './facts.js';

const LONGEST_MS = 120_000;
const MOST_BYTES = 4_194_304;
const MAX_SAID = 300;
/** As few tokens as every model takes: one that thinks first may come to no word, and has answered all the same. */
const REQUEST = { input: 'Say ok.', stream: true, store: false, max_output_tokens: 64 };
const ENDS: ReadonlySet<string> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
  'error',
]);

const NOTHING = { servedModel: null, inputTokens: null, outputTokens: null };

/** One turn of a model through an address, as a client would have it. Never throws. */
export async function runTurn(url: string, clientKey: string | null, model: string): Promise<TurnFacts> {
  const startedAt = performance.now();
  const since = (): number => Math.round(performance.now() - startedAt);
  try {
    const answer = await fetch(`${url}/v1/responses`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...(clientKey === null ? {} : { authorization: `Bearer ${clientKey}` }),
      },
      body: JSON.stringify({ model, ...REQUEST }),
      redirect: 'manual',
      signal: AbortSignal.timeout(LONGEST_MS),
    });
    const { text, firstByteMs } = await read(answer, since);
    return {
      ...outcome(answer, text),
      url,
      model,
      status: answer.status,
      firstByteMs,
      endedMs: since(),
      resourceId: answer.headers.get('x-proxy-resource-id'),
      requestId: answer.headers.get('x-proxy-request-id'),
    };
  } catch (e: unknown) {
    const { message, cause } = e as Error & { cause?: { code?: string } };
    const said = (cause?.code ?? message).slice(0, MAX_SAID);
    const unseen = { status: null, firstByteMs: null, resourceId: null, requestId: null };
    return { url, model, ...NOTHING, ...unseen, ok: false, said, endedMs: since() };
  }
}

async function read(
  { body }: Response,
  since: () => number,
): Promise<{ readonly text: string; readonly firstByteMs: number | null }> {
  const chunks: Uint8Array[] = [];
  let [bytes, firstByteMs]: [number, number | null] = [0, null];
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    firstByteMs ??= since();
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error('the answer is far longer than one of a model');
    chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString('utf8'), firstByteMs };
}

type Outcome = Pick<TurnFacts, 'ok' | 'said' | 'servedModel' | 'inputTokens' | 'outputTokens'>;

function outcome({ ok, status }: Response, text: string): Outcome {
  if (!ok) return { ...NOTHING, ok: false, said: `answered ${status}${messageOf(objectOf(text))}` };
  const last = [...text.matchAll(/^data: ?(\{.*)$/gm)]
    .map((match) => objectOf(match[1] ?? ''))
    .findLast((event) => ENDS.has(String(event['type'])));
  if (last === undefined)
    return { ...NOTHING, ok: false, said: 'the stream ended without the end of a response' };
  const type = String(last['type']);
  const response = fieldsOf(last['response']);
  if (type === 'error' || type === 'response.failed')
    return {
      ...NOTHING,
      ok: false,
      said: `${type}${messageOf(type === 'error' ? { error: last } : response)}`,
    };
  const { input_tokens: input, output_tokens: output } = fieldsOf(response['usage']);
  return {
    ok: true,
    said: type,
    servedModel: typeof response['model'] === 'string' ? response['model'].slice(0, 100) : null,
    inputTokens: typeof input === 'number' ? input : null,
    outputTokens: typeof output === 'number' ? output : null,
  };
}

type Fields = Readonly<Record<string, unknown>>;

function messageOf(answer: Fields): string {
  const { message } = fieldsOf(answer['error']);
  return typeof message === 'string' ? `: ${message.slice(0, MAX_SAID)}` : '';
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

/** Nothing where somebody else's page came. */
function objectOf(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return {};
  }
}
