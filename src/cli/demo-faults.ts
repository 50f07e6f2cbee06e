import type { IncomingMessage, ServerResponse } from 'node:http';

export const DEMO_KEYS = ['sk-demo-one', 'sk-demo-two', 'sk-demo-three'] as const;
const [, LIMITED_KEY, FLAKY_KEY] = DEMO_KEYS;

const SPELL_AFTER = 8;
const SPELL_EVERY = 60;
const SPELL_MS = 4000;
const FLAKY_EVERY = 25;

/**
 * What the stand-in itself has no setting for: faults that hang on the key, and cached tokens. One key hits its rate
 * limit for some seconds now and then, another fails once in a while; failing over is what the demonstration shows.
 */
export class DemoFaults {
  private readonly arrivals = new Map<string, number>();
  private limitedUntil = 0;

  constructor(private readonly now: () => number) {}

  /** True = answered here; false leaves the request to the stand-in. */
  handleRequest(req: IncomingMessage, res: ServerResponse, path: string): Promise<boolean> {
    if (path !== '/responses') return Promise.resolve(false);
    const key = (req.headers.authorization ?? '').slice('Bearer '.length);
    const n = (this.arrivals.get(key) ?? 0) + 1;
    this.arrivals.set(key, n);
    if (key === LIMITED_KEY && this.isLimited(n)) {
      refuse(res, 429, 'rate_limit_exceeded', 'Rate limit reached for requests (demonstration).');
      return Promise.resolve(true);
    }
    if (key === FLAKY_KEY && n % FLAKY_EVERY === 0) {
      refuse(res, 500, 'server_error', 'The server had an error (demonstration).');
      return Promise.resolve(true);
    }
    addCachedTokens(res);
    return Promise.resolve(false);
  }

  private isLimited(n: number): boolean {
    if (n % SPELL_EVERY === SPELL_AFTER) this.limitedUntil = this.now() + SPELL_MS;
    return this.now() < this.limitedUntil;
  }
}

function refuse(res: ServerResponse, status: number, code: string, message: string): void {
  const headers = { 'content-type': 'application/json', ...(status === 429 && { 'retry-after': '1' }) };
  res.writeHead(status, headers);
  res.end(JSON.stringify({ error: { message, type: code, param: null, code } }));
}

/** Three quarters of what goes in, as a warm prompt cache has it. The stand-in writes events and answers whole. */
function addCachedTokens(res: ServerResponse): void {
  const withCached = (chunk: unknown): unknown =>
    typeof chunk === 'string'
      ? chunk.replace(/"usage":\{"input_tokens":(\d+),/, (usage, input: string) => {
          const cached = Math.floor((Number(input) * 3) / 4);
          return `${usage}"input_tokens_details":{"cached_tokens":${cached}},`;
        })
      : chunk;
  const write = res.write.bind(res) as (chunk: unknown, ...rest: unknown[]) => boolean;
  const end = res.end.bind(res) as (chunk?: unknown, ...rest: unknown[]) => ServerResponse;
  res.write = (chunk: unknown, ...rest: unknown[]): boolean => write(withCached(chunk), ...rest);
  res.end = (chunk?: unknown, ...rest: unknown[]): ServerResponse => end(withCached(chunk), ...rest);
}
