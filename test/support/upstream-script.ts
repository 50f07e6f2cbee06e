import type { UpstreamAccounts } from './upstream-accounts.js';
import { callItem, messageItem, reasoningItem } from './upstream-replies.js';
import type { WireItem } from './upstream-replies.js';

type Body = Readonly<Record<string, unknown>>;
type InputItem = Readonly<Record<string, unknown>>;

export interface ScriptContext {
  readonly organization: string;
  readonly accounts: UpstreamAccounts;
  readonly n: number;
}

/** Decides what the model "says". Tests replace it where the default is not enough. */
export type Script = (body: Body, context: ScriptContext) => WireItem[];

/**
 * The default model: seals a reasoning item whenever the caller asks for it, calls a tool when the last user text says
 * `call:<tool> <json arguments>` and its result is not there yet, and otherwise answers in text with the tool's result.
 */
export const defaultScript: Script = (body, context) => {
  const items = inputItems(body);
  const wanted = pendingCall(body, items);
  const include = Array.isArray(body['include']) ? body['include'] : [];
  const output: WireItem[] = [];
  if (include.includes('reasoning.encrypted_content')) {
    output.push(reasoningItem(context.accounts.seal(context.organization)));
  }
  if (wanted) output.push(callItem(wanted.name, wanted.args));
  else output.push(messageItem(answerText(items, context.n)));
  return output;
};

function inputItems(body: Body): InputItem[] {
  const input = body['input'];
  if (Array.isArray(input)) return input as InputItem[];
  return typeof input === 'string' ? [{ role: 'user', content: input }] : [];
}

function pendingCall(body: Body, items: readonly InputItem[]): { name: string; args: string } | null {
  const lastUser = items.findLastIndex((item) => item['role'] === 'user');
  if (lastUser < 0) return null;
  const [, name = '', args = '{}'] = /call:(\w+) (\{.*\})/s.exec(textOf(items[lastUser])) ?? [];
  const answered = items.slice(lastUser).some((item) => item['type'] === 'function_call_output');
  const tools = (Array.isArray(body['tools']) ? body['tools'] : []) as { name?: string }[];
  return !answered && tools.some((tool) => tool.name === name) ? { name, args } : null;
}

function answerText(items: readonly InputItem[], n: number): string {
  const turn = items.slice(items.findLastIndex((item) => item['role'] === 'user') + 1);
  const result = turn.findLast((item) => item['type'] === 'function_call_output')?.['output'];
  if (result !== undefined) {
    return `Answer ${n}: the tool said ${typeof result === 'string' ? result : JSON.stringify(result)}`;
  }
  return `Answer ${n}: you said ${textOf(items.findLast((item) => item['role'] === 'user')).slice(0, 200)}`;
}

function textOf(item: InputItem | undefined): string {
  const content = item?.['content'];
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: { text?: string }) => part.text ?? '').join(' ');
}
