import { randomBytes } from 'node:crypto';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { SELF_TEST_HEADER, writeSelfTest, type SelfTestPlan } from '../common/self-test.js';
import type { PublicUrlFacts, SilenceFacts, StreamFacts } from './facts.js';

const EVENTS = 8;
const GAP_MS = 200;
const PATIENCE_MS = 15_000;
/** Answers of the proxy are far smaller and end much sooner, large requests on slow lines included. */
const MOST = { bytes: 1_048_576, ms: 90_000 };
/** More than the 1 MB that nginx lets through by default; agents send this much after some turns. */
const BODY_BYTES = 3 * 1024 * 1024;
/** What clients send to name a session, by old and new spellings. */
const PROBED_HEADERS = ['session_id', 'session-id', 'x-codex-window-id', 'x-proxy-session-id'];

interface Answered {
  readonly res: IncomingMessage;
  readonly text: string;
  /** Ms since the head, for each piece. */
  readonly arrivals: readonly { readonly atMs: number; readonly text: string }[];
  /** Broke off. */
  readonly cut: boolean;
  readonly lastedMs: number;
}

/** Asks the proxy behind an address about what arrives there and back. Never throws. */
export class SelfTestClient {
  constructor(
    private readonly url: string,
    private readonly token: string | null,
    private readonly most = MOST,
  ) {}

  async run(silenceMs: number): Promise<PublicUrlFacts> {
    const echoed = await this.#try(() => this.#post({ kind: 'echo', events: 0, gapMs: 0, silenceMs: 0 }));
    const reach = reachOf(echoed);
    const nothing = { stream: null, silence: null, websocket: null, lostHeaders: null, body: null };
    if (!reach.ok || typeof echoed === 'string') return { url: this.url, reach, ...nothing };
    const [streamed, websocket, body] = await Promise.all([
      this.#try(() => this.#post({ kind: 'stream', events: EVENTS, gapMs: GAP_MS, silenceMs }, silenceMs)),
      this.#websocket(),
      this.#large(),
    ]);
    const seen = typeof streamed === 'string' ? null : streamed;
    return {
      url: this.url,
      reach,
      stream: seen === null ? null : streamFacts(seen),
      silence: seen === null || silenceMs === 0 ? null : silenceFacts(seen, silenceMs),
      websocket,
      lostHeaders: lostHeaders(echoed),
      body,
    };
  }

  async #large(): Promise<PublicUrlFacts['body']> {
    const plan: SelfTestPlan = { kind: 'echo', events: 0, gapMs: 0, silenceMs: 0 };
    const answer = await this.#try(() => this.#post(plan, 0, Buffer.alloc(BODY_BYTES, ' ')));
    const received = typeof answer === 'string' ? null : objectOf(answer.text)?.['body_bytes'];
    const said = typeof answer === 'string' ? answer : `answered ${answer.res.statusCode}`;
    return { sentBytes: BODY_BYTES, ok: received === BODY_BYTES, said };
  }

  #post(plan: SelfTestPlan, waitMs = 0, body: Buffer = Buffer.from('{}')): Promise<Answered> {
    const headers = Object.fromEntries(PROBED_HEADERS.map((name) => [name, 'self-test']));
    return new Promise((resolve, reject) => {
      const req = this.#request('POST', {
        ...headers,
        ...this.#headers(plan),
        'content-length': body.length,
      });
      let stop = (): unknown => req.destroy(new Error('no answer in time'));
      const timer = setTimeout(() => stop(), waitMs + this.most.ms);
      req.once('close', () => clearTimeout(timer));
      req.setTimeout(waitMs + PATIENCE_MS, () => stop());
      req.on('error', reject);
      req.once('response', (res: IncomingMessage) => {
        stop = gather(res, this.most.bytes, resolve);
      });
      req.end(body);
    });
  }

  #websocket(): Promise<PublicUrlFacts['websocket']> {
    return new Promise((resolve) => {
      const plan: SelfTestPlan = { kind: 'websocket', events: 0, gapMs: 0, silenceMs: 0 };
      const req = this.#request('GET', {
        ...this.#headers(plan),
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': randomBytes(16).toString('base64'),
      });
      const end = (ok: boolean, said: string): void => {
        resolve({ ok, said });
        req.destroy();
      };
      req.setTimeout(PATIENCE_MS, () => end(false, 'no answer in time'));
      req.once('upgrade', (_res, socket) => {
        socket.destroy();
        end(true, 'opened');
      });
      req.once('response', (res) => end(false, `answered ${res.statusCode} instead of 101`));
      req.on('error', (e: NodeJS.ErrnoException) => end(false, e.code ?? e.message));
      req.end();
    });
  }

  #headers(plan: SelfTestPlan): Record<string, string> {
    return {
      [SELF_TEST_HEADER]: writeSelfTest(plan),
      'content-type': 'application/json',
      accept: 'text/event-stream',
      // SDKs ask for it: whoever compresses streams shows. The other answers are to be read here.
      ...(plan.kind === 'stream' ? { 'accept-encoding': 'gzip, deflate' } : {}),
      ...(this.token === null ? {} : { authorization: `Bearer ${this.token}` }),
    };
  }

  #request(method: string, headers: Record<string, string | number>): ClientRequest {
    const send = this.url.startsWith('https:') ? httpsRequest : httpRequest;
    return send(`${this.url}/v1/responses`, { method, headers, agent: false });
  }

  async #try<T>(work: () => Promise<T>): Promise<T | string> {
    try {
      return await work();
    } catch (e: unknown) {
      const { code, message } = e as NodeJS.ErrnoException;
      return code ?? message;
    }
  }
}

/** Who answers may be anybody: what is too large breaks off, and what is returned breaks off what takes too long. */
function gather(res: IncomingMessage, mostBytes: number, done: (answer: Answered) => void): () => void {
  const startedAt = performance.now();
  const arrivals: { atMs: number; text: string }[] = [];
  let bytes = 0;
  const end = (cut: boolean): void => {
    const text = arrivals.map((one) => one.text).join('');
    done({ res, text, arrivals, cut, lastedMs: performance.now() - startedAt });
  };
  const stop = (): void => {
    end(true);
    res.destroy();
  };
  res.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > mostBytes) stop();
    else arrivals.push({ atMs: performance.now() - startedAt, text: chunk.toString('latin1') });
  });
  res.once('end', () => end(false));
  res.on('error', () => end(true));
  return stop;
}

function reachOf(answer: Answered | string): PublicUrlFacts['reach'] {
  if (typeof answer === 'string') return { ok: false, said: answer };
  const json = objectOf(answer.text);
  if (answer.res.statusCode === 200 && Array.isArray(json?.['headers']))
    return { ok: true, said: 'answered' };
  const message = (json?.['error'] as { message?: unknown } | undefined)?.message;
  const said = typeof message === 'string' ? `: ${message}` : ', and not as this proxy does';
  return { ok: false, said: `it answered ${answer.res.statusCode}${said}` };
}

/** All but the last event, which comes after the silence. */
function streamFacts({ arrivals, text, res }: Answered): StreamFacts {
  const times = arrivals.flatMap(({ atMs, text: piece }) =>
    [...piece.matchAll(/^event: self_test/gm)].map(() => atMs),
  );
  const sent = [...text.matchAll(/"at_ms":(\d+)/g)].map((match) => Number(match[1]));
  const last = Math.min(EVENTS, times.length) - 1;
  return {
    events: EVENTS,
    received: last + 1,
    sentOverMs: (sent[last] ?? 0) - (sent[0] ?? 0),
    receivedOverMs: Math.round((times[last] ?? 0) - (times[0] ?? 0)),
    encoding: res.headers['content-encoding'] ?? null,
  };
}

function silenceFacts({ text, arrivals, lastedMs, cut, res }: Answered, askedMs: number): SilenceFacts {
  // What was compressed on the way cannot be read here, but whether it came to its end can be seen.
  const held = res.headers['content-encoding'] === undefined ? text.includes(`"n":${EVENTS + 1}`) : !cut;
  const begun = arrivals.at(-1)?.atMs ?? 0;
  return { askedMs, cutAfterMs: held ? null : Math.round(lastedMs - begun) };
}

function lostHeaders({ text }: Answered): string[] {
  const arrived = objectOf(text)?.['headers'];
  return Array.isArray(arrived) ? PROBED_HEADERS.filter((name) => !arrived.includes(name)) : [];
}

function objectOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null; // a page of somebody else
  }
}
