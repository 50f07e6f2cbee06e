import { AdminFailure } from './admin-failure.js';

export interface AdminAddress {
  /** Of the proxy, without a path. */
  readonly url: string;
  readonly token: string | null;
}

export type Query = Readonly<Record<string, string | number | null | undefined>>;

const PAGE = 500;
const TIMEOUT_MS = 30_000;

/** Asks the admin routes of a running proxy. Every failure is an AdminFailure that says what to do. */
export class AdminClient {
  constructor(private readonly address: AdminAddress) {}

  get<T>(path: string, query: Query = {}): Promise<T> {
    return this.#json<T>('GET', withQuery(path, query));
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.#json<T>('POST', path, body);
  }

  delete<T>(path: string): Promise<T> {
    return this.#json<T>('DELETE', path);
  }

  /** Rows of a list across its pages, at most `limit` of them. */
  async *rows<T>(path: string, name: string, query: Query, limit: number): AsyncGenerator<T> {
    let cursor: string | null = null;
    let left = limit;
    while (left > 0) {
      const page: Record<string, unknown> = await this.get(path, {
        ...query,
        limit: Math.min(PAGE, left),
        cursor,
      });
      yield* page[name] as T[];
      left -= (page[name] as T[]).length;
      cursor = page['next_cursor'] as string | null;
      if (cursor === null) return;
    }
  }

  /** The answer as it comes, for what is too long to hold: it has to begin in time, not to end. */
  async open(path: string, query: Query): Promise<ReadableStream<Uint8Array>> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new DOMException('too late', 'TimeoutError')), TIMEOUT_MS);
    try {
      const { body } = await this.#send('GET', withQuery(path, query), undefined, late.signal);
      if (body === null) throw new AdminFailure(`${this.address.url} sent an empty answer.`);
      return body;
    } finally {
      clearTimeout(timer);
    }
  }

  async #json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.#send(method, path, body, AbortSignal.timeout(TIMEOUT_MS));
    try {
      return (await answer.json()) as T;
    } catch (e: unknown) {
      if (e instanceof Error && e.name === 'TimeoutError')
        throw new AdminFailure(unreachable(this.address.url, e), { cause: e });
      throw new AdminFailure(`What answers at ${this.address.url} is no Responses Proxy: no JSON came back.`);
    }
  }

  async #send(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (this.address.token !== null) headers['authorization'] = `Bearer ${this.address.token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const init = { method, headers, signal, redirect: 'error' as const, body: bodyOf(body) };
    let answer: Response;
    try {
      answer = await fetch(`${this.address.url}${path}`, init);
    } catch (e: unknown) {
      throw new AdminFailure(unreachable(this.address.url, e), { cause: e });
    }
    if (answer.ok) return answer;
    throw new AdminFailure(await refusal(answer, this.address), {}, answer.status);
  }
}

function bodyOf(body: unknown): string | null {
  return body === undefined ? null : JSON.stringify(body);
}

function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter((entry): entry is [string, string | number] => {
    return entry[1] !== null && entry[1] !== undefined;
  });
  const text = new URLSearchParams(
    given.map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  return text === '' ? path : `${path}?${text}`;
}

function unreachable(url: string, error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  if (name === 'TimeoutError') return `${url} did not answer within ${TIMEOUT_MS / 1_000} s.`;
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined)?.code : undefined;
  const why = cause === undefined ? '' : ` (${cause})`;
  return `Nothing answers at ${url}${why}. Start the proxy (\`npm start\` or \`responses-proxy serve\`), or name another with --url.`;
}

async function refusal(answer: Response, { url, token }: AdminAddress): Promise<string> {
  const text = await answer.text().catch(() => '');
  const message = messageOf(text) ?? `${url} answered ${answer.status}.`;
  if (answer.status !== 401) return message;
  const fix =
    token === null
      ? 'Set PROXY_ADMIN_TOKEN to the token of the proxy.'
      : 'PROXY_ADMIN_TOKEN here is not the token of that proxy.';
  return `${message} ${fix}`;
}

function messageOf(text: string): string | null {
  try {
    const parsed = JSON.parse(text) as { error?: { message?: unknown } };
    return typeof parsed.error?.message === 'string' ? parsed.error.message : null;
  } catch {
    return null;
  }
}
