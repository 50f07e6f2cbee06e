import { resolve } from 'node:path';
import { Secret } from '../common/secret.js';
import type { DatabaseConfig } from './app-config.js';
import { isPostgresUrl, isSqliteUrl } from './env-checks.js';

/** What a database URL stands for, or null when it is none. `origin` is where it was given. */
export function databaseFromUrl(text: string, origin: string): DatabaseConfig | null {
  if (isPostgresUrl(text)) return { kind: 'postgres', url: new Secret(text), origin };
  // Three slashes and a path: a fourth slash is the beginning of an absolute one.
  if (isSqliteUrl(text)) return { kind: 'sqlite', path: resolve(text.slice('sqlite:///'.length)), origin };
  return null;
}

/** For people: without the password. */
export function shownDatabase(config: DatabaseConfig): string {
  if (config.kind === 'sqlite') return `sqlite:///${config.path}`;
  const { username, host, pathname } = new URL(config.url.reveal());
  return `postgres://${username === '' ? '' : `${username}@`}${host}${pathname}`;
}
