import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isClientKey } from '../../src/registry/client-key-token.js';

type Environment = Readonly<Record<string, string | undefined>>;

const SECRET_NAMES =
  /^(?:OPENAI_API_KEYS?(?:_\d+)?|PROXY_ADMIN_TOKEN|PROXY_SECRET_ENCRYPTION_KEY(?:_PREVIOUS)?)$/;
const CLIENT_KEY = /rpx_[0-9a-z]{57}/g;
/** What is larger is bodies, which are the client's. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** What a process was told in confidence: upstream keys, admin token, master key, passwords in addresses. */
export function secretsOf(environment: Environment): string[] {
  return Object.entries(environment).flatMap(([name, value = '']) => {
    if (SECRET_NAMES.test(name)) return value.split(',').map((one) => one.trim());
    const password = /^[a-z+]+:\/\/[^/@:]*:([^/@]+)@/i.exec(value)?.[1];
    return password === undefined ? [] : [password, decodeURIComponent(password)];
  });
}

/**
 * Where any of the secrets, or a client key, stands in the lines or in the files below `directory`, as it is. Of lines whole
 * words only: the keys of tests are short, and a line may name a key that begins like one. In a file anything may stand
 * directly behind it: SQLite writes the columns of a row without anything between them.
 */
export function leaksIn(secrets: readonly string[], lines: readonly string[], directory: string): string[] {
  const known = [...new Set(secrets)].filter((secret) => secret.length >= 8);
  const leaks = lines
    .filter((line) => hasClientKey(line) || known.some((secret) => isWordOf(line, secret)))
    .map((line) => `logged: ${line.slice(0, 300)}`);
  for (const path of filesBelow(directory)) {
    const text = readFileSync(path, 'latin1');
    if (hasClientKey(text) || known.some((secret) => text.includes(secret))) leaks.push(`stored: ${path}`);
  }
  return leaks;
}

function hasClientKey(text: string): boolean {
  return text.match(CLIENT_KEY)?.some(isClientKey) === true;
}

function isWordOf(line: string, secret: string): boolean {
  for (let at = line.indexOf(secret); at >= 0; at = line.indexOf(secret, at + 1))
    if (!/[\w-]/.test(line[at + secret.length] ?? '')) return true;
  return false;
}

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => existsSync(path) && statSync(path).size <= MAX_FILE_BYTES);
}
