/**
 * One way to misbehave. Written as `fault:<mode>[,name=value…]` in a request's `model`, in an `x-fake-fault` header, or set
 * in-process for a key. `plan:` is the same for well-behaved variants (paced, burst, stepped, big).
 */
export interface Fault {
  readonly mode: string;
  readonly params: Readonly<Record<string, string>>;
}

export function parseFault(text: unknown): Fault | null {
  if (typeof text !== 'string') return null;
  const match = /^(?:fault|plan):(.+)$/s.exec(text);
  if (!match) return null;
  const [mode = '', ...pairs] = (match[1] ?? '').split(',');
  const params: Record<string, string> = {};
  for (const pair of pairs) {
    const [name = '', value = ''] = pair.split('=', 2);
    params[name] = value;
  }
  return { mode, params };
}

export const numberParam = (fault: Fault | null, name: string, fallback: number): number => {
  const value = fault?.params[name];
  return value === undefined ? fallback : Number(value);
};

interface Rule {
  readonly key: string;
  readonly fault: Fault;
  readonly on: FaultScope;
  left: number;
}

/** `socket`: a `response.create` that came over a WebSocket. */
type FaultScope = 'create' | 'all' | 'models' | 'socket';

/** Faults by key; `*` is every key. The newest rule that fits wins. */
export class FaultTable {
  #rules: Rule[] = [];

  set(key: string, text: string, options: { readonly times?: number; readonly on?: FaultScope } = {}): void {
    const fault = parseFault(text.includes(':') ? text : `fault:${text}`);
    if (!fault) throw new Error(`not a fault: ${text}`);
    this.#rules.unshift({ key, fault, on: options.on ?? 'create', left: options.times ?? Infinity });
  }

  clear(key?: string): void {
    this.#rules = key === undefined ? [] : this.#rules.filter((rule) => rule.key !== key);
  }

  take(key: string | null, method: string, path: string): Fault | null {
    const kind =
      path === '/v1/models' ? 'models' : method === 'POST' && path === '/v1/responses' ? 'create' : 'other';
    return this.#take(key, (on) => on === 'all' || on === kind);
  }

  takeForSocket(key: string): Fault | null {
    return this.#take(key, (on) => on === 'socket');
  }

  #take(key: string | null, fits: (on: FaultScope) => boolean): Fault | null {
    const rule = this.#rules.find((r) => (r.key === '*' || r.key === key) && fits(r.on) && r.left > 0);
    if (!rule) return null;
    rule.left -= 1;
    return rule.fault;
  }
}
