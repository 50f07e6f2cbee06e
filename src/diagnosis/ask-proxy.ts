import type { Diagnosis } from './diagnose.js';
import type { ProcessFacts } from './facts.js';
import { readToldKeys, type ToldKey } from './told-key.js';

const SOON_MS = 4_000;
/** It asks upstreams, each of which may take as long as a probe may. */
const LATER_MS = 90_000;

export interface ProxySeen {
  readonly process: ProcessFacts;
  /** Of the running process; null when it did not tell. */
  readonly diagnosis: Diagnosis | null;
  readonly keys: readonly ToldKey[] | null;
  readonly version: string | null;
}

/** What answers at an address: the proxy, another program, or nobody. Never throws. */
export async function askProxy(url: string, token: string | null): Promise<ProxySeen> {
  const seen = (state: ProcessFacts['state'], said: string | null): ProxySeen => ({
    process: { url, state, said, notReady: [] },
    diagnosis: null,
    keys: null,
    version: null,
  });
  if (!URL.canParse(url)) return seen('not_there', 'no URL can name this address');
  const health = await ask(`${url}/healthz`, null, SOON_MS);
  if (health.failure === 'timeout') return seen('silent', 'no answer within 4 s');
  if (health.failure !== null)
    return seen(health.failure === 'answer' ? 'stranger' : 'not_there', health.said);
  if (health.json?.['status'] !== 'ok')
    return seen('stranger', `it answers ${health.status}, and is no responses-proxy`);
  const [answer, ready] = await Promise.all([
    ask(`${url}/admin/diagnostics`, token, LATER_MS),
    ask(`${url}/readyz`, null, SOON_MS),
  ]);
  if (answer.status !== 200 || !Array.isArray(answer.json?.['checks']))
    return seen(
      isRefusal(answer.json) ? 'refused' : 'stranger',
      answer.said ?? `it answers ${answer.status}`,
    );
  return {
    process: { url, state: 'running', said: null, notReady: notReady(ready.json) },
    diagnosis: answer.json as unknown as Diagnosis,
    keys: keysOf(answer.json),
    version: versionOf(answer.json),
  };
}

interface Answer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>> | null;
  /** `connection`: nobody there. `answer`: what came is no HTTP. */
  readonly failure: 'connection' | 'timeout' | 'answer' | null;
  readonly said: string | null;
}

async function ask(url: string, token: string | null, patienceMs: number): Promise<Answer> {
  try {
    const response = await fetch(url, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      // The token is for this address alone.
      redirect: 'manual',
      signal: AbortSignal.timeout(patienceMs),
    });
    const json = objectOf(await response.text());
    const message = (json?.['error'] as { message?: unknown } | null | undefined)?.message;
    return {
      status: response.status,
      json,
      failure: null,
      said: typeof message === 'string' ? message : null,
    };
  } catch (e: unknown) {
    return { status: 0, json: null, ...failureOf(e) };
  }
}

function failureOf(e: unknown): Pick<Answer, 'failure' | 'said'> {
  if (e instanceof Error && e.name === 'TimeoutError') return { failure: 'timeout', said: null };
  const cause = e instanceof Error ? (e.cause as { code?: string; message?: string } | undefined) : undefined;
  const code = cause?.code ?? '';
  const isConnection =
    /^(?:ECONN|ENOTFOUND|EAI|EHOST|ENET|EADDR|ETIMEDOUT|CERT|ERR_TLS|UND_ERR_CONNECT|DEPTH|SELF|UNABLE)/.test(
      code,
    );
  return { failure: isConnection ? 'connection' : 'answer', said: code === '' ? 'it speaks no HTTP' : code };
}

function objectOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null; // a page of somebody else
  }
}

/** In the shape that this proxy's own errors have. */
function isRefusal(json: Answer['json']): boolean {
  const error = json?.['error'] as { code?: unknown } | null | undefined;
  return typeof error?.code === 'string';
}

function notReady(json: Answer['json']): string[] {
  if (json?.['status'] !== 'not_ready') return [];
  const named = Object.entries((json['error'] ?? {}) as Record<string, { message?: unknown }>);
  return named.map(
    ([name, { message }]) => `${name}: ${typeof message === 'string' ? message : 'not ready'}`,
  );
}

function keysOf(json: Answer['json']): ToldKey[] | null {
  return readToldKeys(json?.['keys']);
}

function versionOf(json: Answer['json']): string | null {
  const version = json?.['version'];
  return typeof version === 'string' ? version : null;
}
