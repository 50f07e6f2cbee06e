import type { RedisOptions } from 'ioredis';
import type { Secret } from '../../common/secret.js';

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_600;
const CONNECT_TIMEOUT_MS = 2_000;
const KEEP_ALIVE_MS = 10_000;

const PATIENCE = {
  connectTimeout: CONNECT_TIMEOUT_MS,
  keepAlive: KEEP_ALIVE_MS,
  retryStrategy: (attempt: number): number => reconnectDelay(attempt),
};

/** Where the server is and how to keep trying to reach it: what every connection to it has in common. */
export function redisOptions(url: Secret): RedisOptions {
  const { protocol, hostname, port, username, password, pathname } = new URL(url.reveal());
  if (protocol === 'unix:') return { path: decoded(pathname), ...PATIENCE };
  const host = hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: port === '' ? 6379 : Number(port),
    ...(username === '' ? {} : { username: decoded(username) }),
    ...(password === '' ? {} : { password: decoded(password) }),
    db: Number(/^\/(\d+)/.exec(pathname)?.[1] ?? 0),
    ...(protocol === 'rediss:' ? { tls: { servername: host } } : {}),
    ...PATIENCE,
  };
}

/** A percent sign that begins no escape is meant as it stands. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** For people: no user, no password. */
export function redisAddress(url: Secret): string {
  const { host, port, db, path } = redisOptions(url);
  if (path !== undefined) return path;
  return `${host ?? ''}:${port ?? 0}/${db ?? 0}`;
}

/** For ever, so that a server which was absent at the start is found; jittered, so that a fleet does not come as one. */
export function reconnectDelay(attempt: number, random: () => number = Math.random): number {
  const delay = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 10));
  return Math.round(delay * (0.75 + random() * 0.5));
}
