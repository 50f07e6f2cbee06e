import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { isClientKey } from '../../src/registry/client-key-token.js';
import { SecretSearch } from './secret-search.js';

type Environment = Readonly<Record<string, string | undefined>>;

const SECRET_NAMES =
  /^(?:OPENAI_API_KEYS?(?:_\d+)?|PROXY_ADMIN_TOKEN|PROXY_SECRET_ENCRYPTION_KEY(?:_PREVIOUS)?)$/;
const CLIENT_KEY = /rpx_[0-9a-z]{57}/g;
/** What is larger is bodies, which are the client's. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
const GZIP = Buffer.from([0x1f, 0x8b, 0x08]);

/** What a process was told in confidence: upstream keys, admin token, master key, passwords in addresses. */
export function secretsOf(environment: Environment): string[] {
  return Object.entries(environment).flatMap(([name, value = '']) => {
    if (SECRET_NAMES.test(name)) return value.split(',').map((one) => one.trim());
    const password = /^[a-z+]+:\/\/[^/@:]*:([^/@]+)@/i.exec(value)?.[1];
    return password === undefined ? [] : [password, decodeURIComponent(password)];
  });
}

/**
 * Where any of the secrets, or a client key, stands in the lines or in the files below `directory`: whole or twelve
 * characters of it, in any spelling that `SecretSearch` knows. Of a shorter one in lines whole words only: the keys of tests
 * are short, and a line may name a key that begins like one. In a file anything may stand directly behind it: SQLite writes
 * the columns of a row without anything between them.
 */
export function leaksIn(secrets: Iterable<string>, lines: readonly string[], directory: string): string[] {
  const search = new SecretSearch(secrets);
  const text = lines.join('\n');
  const said = Buffer.from(text);
  const leaks = clientKeyIn(text).map((key) => `logged: a client key, ${key.slice(0, 8)}…`);
  const found = search.find(said, true);
  if (found !== null) leaks.push(`logged: ${JSON.stringify(around(said, found.at))}, of ${found.secret}`);
  return [...leaks, ...leaksBelow(search, directory)];
}

/** The same of the files alone. */
export function leaksBelow(search: SecretSearch, directory: string): string[] {
  return filesBelow(directory).flatMap((path) => {
    const bytes = readFileSync(path);
    const keys = clientKeyIn(bytes.toString('latin1')).map((key) => `a client key, ${key.slice(0, 8)}…`);
    for (const part of [bytes, ...unzipped(bytes)]) {
      const found = search.find(part);
      if (found !== null) keys.push(`${JSON.stringify(around(part, found.at))}, of ${found.secret}`);
    }
    return keys.map((what) => `stored: ${path}: ${what}`);
  });
}

function around(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', Math.max(0, at - 120), at + 120);
}

/** One is enough to tell. */
function clientKeyIn(text: string): string[] {
  return (text.match(CLIENT_KEY) ?? []).filter(isClientKey).slice(0, 1);
}

function unzipped(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  // Whatever follows, or is missing: what can be read of it is read.
  const options = { maxOutputLength: MAX_FILE_BYTES, finishFlush: constants.Z_SYNC_FLUSH };
  for (let at = bytes.indexOf(GZIP); at >= 0; at = bytes.indexOf(GZIP, at + 1))
    try {
      found.push(gunzipSync(bytes.subarray(at), options));
    } catch {
      // Three bytes that look like one.
    }
  return found;
}

function filesBelow(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => existsSync(path) && statSync(path).size <= MAX_FILE_BYTES);
}
