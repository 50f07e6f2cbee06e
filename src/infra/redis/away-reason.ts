import { TOO_LATE } from './bounded.js';

/** What the server itself says, by the word its answer begins with (older ones wrap it when a script failed). */
const REPLIES: readonly (readonly [RegExp, string])[] = [
  [/\bWRONGPASS\b|invalid password|invalid username-password/i, 'wrong user or password (WRONGPASS)'],
  [/\bNOAUTH\b/, 'it wants a password and PROXY_REDIS_URL has none (NOAUTH)'],
  [/\bNOPERM\b/, 'its user may not run a command this program needs (NOPERM)'],
  [/\bLOADING\b/, 'it is loading its data (LOADING)'],
  [/\bREADONLY\b/, 'it is a replica and takes no writes (READONLY)'],
  [/\bNOREPLICAS\b/, 'it has too few replicas to take writes (NOREPLICAS)'],
  [/\bMISCONF\b/, 'it cannot save its data and takes no writes (MISCONF)'],
  [/\bMASTERDOWN\b/, 'it is a replica without its master (MASTERDOWN)'],
  [/\bOOM\b/, 'it is out of memory and takes no writes (OOM)'],
  [/\bBUSY\b/, 'it is busy with a script (BUSY)'],
  [/\b(MOVED|CLUSTERDOWN|CROSSSLOT)\b/, 'it is a Redis Cluster, which is not supported'],
  [/max number of clients/i, 'it has no connection left (maxclients)'],
];

const CONNECTING: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'it refuses the connection (ECONNREFUSED)',
  ECONNRESET: 'it closed the connection (ECONNRESET)',
  EPIPE: 'it closed the connection (EPIPE)',
  ETIMEDOUT: 'it does not answer the connection (ETIMEDOUT)',
  ENOTFOUND: 'its host name is not known (ENOTFOUND)',
  EAI_AGAIN: 'its host name cannot be looked up now (EAI_AGAIN)',
  EHOSTUNREACH: 'its host cannot be reached (EHOSTUNREACH)',
  ENETUNREACH: 'its network cannot be reached (ENETUNREACH)',
};

/**
 * For people. Only fixed words and codes: messages and errors of the client may repeat what was sent, passwords
 * included.
 */
export function awayReason(error: unknown): string {
  const { message = '', code = '' } = error as { message?: string; code?: string };
  if (code === TOO_LATE || /command timed out|socket timeout/i.test(message))
    return 'it does not answer in time';
  const said = REPLIES.find(([pattern]) => pattern.test(message));
  if (said !== undefined) return said[1];
  if (CONNECTING[code] !== undefined) return CONNECTING[code];
  if (/^[A-Z][A-Z0-9_]{2,40}$/.test(code)) return `the connection failed (${code})`;
  if (/connection (is )?close|max retries|stream isn't writeable/i.test(message))
    return 'the connection is closed';
  return 'it answers with an error';
}
