import { createHash, randomUUID } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { parseSse, TERMINAL } from './sse.js';
import type { WireUsage } from './upstream-replies.js';

/** The client's side of one request. `acknowledged` = the terminal event or the last byte of a complete body was read. */
export interface LoadEntry {
  readonly n: number;
  readonly marker: string;
  readonly stream: boolean;
  readonly sentAt: number;
  endedAt: number | null;
  status: number | null;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  proxyRequestId: string | null;
  responseId: string | null;
  usage: WireUsage | null;
  acknowledged: boolean;
  /** `null` = the connection ended properly. */
  error: string | null;
  text: string;
  sha256: string | null;
  firstByteAt: number | null;
}

export interface LoadRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Object: sent as JSON with the entry's marker in `metadata`; otherwise as it is. */
  readonly body?: Readonly<Record<string, unknown>> | string | Buffer | null;
  /** Gives up (destroys the socket) as soon as this says so; called at each chunk and when the head has come. */
  readonly abortWhen?: (entry: LoadEntry) => boolean;
  readonly abortAfterMs?: number;
  readonly keepText?: boolean;
}

/** Sends requests to one proxy and keeps its own books. */
export class LoadClient {
  readonly entries: LoadEntry[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Infinity });

  constructor(private readonly url: string) {}

  close(): void {
    this.#agent.destroy();
  }

  /** Never rejects: how it went is in the entry. */
  send(options: LoadRequest = {}): Promise<LoadEntry> {
    const entry = this.#open(options);
    return new Promise((resolve) => {
      const done = (error: string | null): void => {
        if (entry.endedAt !== null) return;
        entry.endedAt = Date.now();
        entry.error = error;
        resolve(entry);
      };
      const body = this.#payload(entry, options.body);
      const req = httpRequest(`${this.url}${options.path ?? '/v1/responses'}`, {
        method: options.method ?? 'POST',
        agent: this.#agent,
        headers: {
          ...(body ? { 'content-type': 'application/json', 'content-length': String(body.length) } : {}),
          ...options.headers,
        },
      });
      req.on('error', (e: NodeJS.ErrnoException) =>
        done(entry.status === null ? (e.code ?? e.message) : 'cut'),
      );
      req.on('response', (res) => this.#read(req, res, entry, options, done));
      if (options.abortAfterMs !== undefined) setTimeout(() => req.destroy(), options.abortAfterMs).unref();
      req.end(body ?? undefined);
    });
  }

  /** `total` requests, `width` at a time. */
  async run(total: number, width: number, make: (n: number) => LoadRequest): Promise<void> {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < total) await this.send(make(next++));
    };
    await Promise.all(Array.from({ length: width }, lane));
  }

  #open(options: LoadRequest): LoadEntry {
    const stream =
      typeof options.body === 'object' && !Buffer.isBuffer(options.body) && options.body?.['stream'] === true;
    const entry: LoadEntry = {
      n: this.entries.length,
      marker: randomUUID(),
      stream,
      sentAt: Date.now(),
      endedAt: null,
      status: null,
      headers: {},
      proxyRequestId: null,
      responseId: null,
      usage: null,
      acknowledged: false,
      error: null,
      text: '',
      sha256: null,
      firstByteAt: null,
    };
    this.entries.push(entry);
    return entry;
  }

  #payload(entry: LoadEntry, body: LoadRequest['body']): Buffer | null {
    if (body === null || body === undefined) return null;
    if (typeof body === 'string' || Buffer.isBuffer(body)) return Buffer.from(body);
    const metadata = { ...(body['metadata'] as object | undefined), marker: entry.marker };
    return Buffer.from(JSON.stringify({ model: 'gpt-5.5', input: 'hello', ...body, metadata }));
  }

  #read(
    req: ClientRequest,
    res: IncomingMessage,
    entry: LoadEntry,
    options: LoadRequest,
    done: (error: string | null) => void,
  ): void {
    entry.status = res.statusCode ?? null;
    entry.headers = res.headers;
    entry.proxyRequestId = (res.headers['x-proxy-request-id'] as string | undefined) ?? null;
    const hash = createHash('sha256');
    const abort = (): boolean => {
      if (!options.abortWhen?.(entry)) return false;
      req.destroy();
      done('aborted by the client');
      return true;
    };
    if (abort()) return;
    res.on('data', (chunk: Buffer) => {
      entry.firstByteAt ??= Date.now();
      hash.update(chunk);
      entry.text += chunk.toString('latin1');
      if (entry.stream && !entry.acknowledged && TERMINAL.test(entry.text)) this.#acknowledge(entry, options);
      abort();
    });
    res.on('error', () => done('cut'));
    res.on('close', () => {
      if (!res.complete) return done('cut');
      entry.sha256 = hash.digest('hex');
      if (!entry.stream || !entry.acknowledged) this.#acknowledge(entry, options);
      done(null);
    });
  }

  #acknowledge(entry: LoadEntry, options: LoadRequest): void {
    const text = Buffer.from(entry.text, 'latin1').toString();
    const response = entry.stream && text.startsWith('event') ? lastResponse(text) : parse(text);
    entry.acknowledged = entry.stream && entry.status === 200 ? response !== null : true;
    entry.responseId = (response?.['id'] as string | undefined) ?? null;
    entry.usage = (response?.['usage'] as WireUsage | undefined) ?? null;
    entry.text = options.keepText === false ? '' : text;
  }
}

function lastResponse(text: string): Record<string, unknown> | null {
  const last = parseSse(text).at(-1);
  if (!last || !/^response\.(completed|failed|incomplete)$/.test(last.type)) return null;
  return (last.data['response'] as Record<string, unknown> | undefined) ?? null;
}

function parse(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}
