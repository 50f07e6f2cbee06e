/** What a stream of events carried, as a person would read it: one part for each thing the model made. */
export interface CarriedPart {
  readonly title: string;
  readonly text: string;
}

export interface Carried {
  readonly parts: readonly CarriedPart[];
  readonly events: number;
}

type Event = Readonly<Record<string, unknown>>;

/** Deltas that add up, by the end of their type. */
const DELTAS = new Map([
  ['output_text.delta', 'Text'],
  ['refusal.delta', 'Refusal'],
  ['reasoning_summary_text.delta', 'Reasoning summary'],
  ['reasoning_text.delta', 'Reasoning'],
  ['function_call_arguments.delta', 'Arguments of a function call'],
  ['custom_tool_call_input.delta', 'Input of a tool call'],
  ['mcp_call_arguments.delta', 'Arguments of an MCP call'],
  ['code_interpreter_call_code.delta', 'Code'],
]);

/** Null when the text is neither server-sent events nor one JSON event a line. */
export function carriedText(text: string): Carried | null {
  const events = eventsOf(text);
  if (events.length === 0) return null;
  const parts = new Map<string, { title: string; text: string }>();
  const names = new Map<string, string>();
  for (const event of events) {
    noteName(event, names);
    const type = textOf(event['type']).replace(/^response\./, '');
    const delta = event['delta'];
    const title = DELTAS.get(type);
    if (title !== undefined && typeof delta === 'string') {
      const item = textOf(event['item_id']);
      const part = partOf(
        parts,
        `${item} ${type} ${textOf(event['content_index'])}`,
        titled(title, names.get(item)),
      );
      part.text += delta;
    } else if (type === 'failed' || type === 'error' || type === 'incomplete') {
      partOf(parts, type, `Ended: ${type}`).text += JSON.stringify(reasonOf(event), null, 2);
    }
  }
  return { parts: [...parts.values()], events: events.length };
}

function eventsOf(text: string): Event[] {
  const data = text
    .split(/\r\n\r\n|\n\n|\r\r/)
    .map((block) =>
      block
        .split(/\r\n|\n|\r/)
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).trimStart())
        .join('\n'),
    )
    .filter((one) => one !== '');
  const lines = data.length > 0 ? data : text.split('\n');
  return lines.map(parsed).filter((event) => event !== null && typeof event['type'] === 'string') as Event[];
}

function parsed(line: string): Event | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Event) : null;
  } catch {
    return null;
  }
}

/** Calls have the name of what they call. */
function noteName(event: Event, names: Map<string, string>): void {
  const item = event['item'] as Event | undefined;
  if (typeof item !== 'object' || item === null) return;
  const name = item['name'];
  if (typeof name === 'string') names.set(textOf(item['id']), name);
}

function titled(title: string, name: string | undefined): string {
  return name === undefined ? title : `${title}: ${name}`;
}

function partOf(
  parts: Map<string, { title: string; text: string }>,
  key: string,
  title: string,
): { text: string } {
  const known = parts.get(key);
  if (known !== undefined) return known;
  const part = { title, text: '' };
  parts.set(key, part);
  return part;
}

function reasonOf(event: Event): unknown {
  const response = event['response'] as Event | undefined;
  return response?.['error'] ?? response?.['incomplete_details'] ?? event['error'] ?? event;
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
