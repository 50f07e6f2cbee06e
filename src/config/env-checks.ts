import { isIP } from 'node:net';

/** Pure checks of single values. None throws, whatever the text. */

export function isPostgresUrl(text: string): boolean {
  return hasProtocol(text, ['postgres:', 'postgresql:']);
}

export function isRedisUrl(text: string): boolean {
  return hasProtocol(text, ['redis:', 'rediss:']) || /^unix:\/\/\/[^?#]+$/.test(text);
}

export function isKeyPrefix(text: string): boolean {
  return /^[\w.:-]{1,64}$/.test(text);
}

/** Credentials in the URL would end up in messages, and the key belongs in its own variable. */
export function isHttpBaseUrl(text: string): boolean {
  const url = parseUrl(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false;
  return [url.search, url.hash, url.username, url.password].every((part) => part === '');
}

/** `sqlite:///./relative`, `sqlite:////absolute`, `sqlite:///:memory:` is not one: records must outlive the process. */
export function isSqliteUrl(text: string): boolean {
  return /^sqlite:\/\/\/[^?#]+$/.test(text) && !text.endsWith('/') && !text.endsWith(':memory:');
}

export function isEncryptionKey(text: string): boolean {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) && Buffer.from(text, 'base64').length === 32;
}

/** Anything that may stand in a header value without quoting. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

export function isUrlPath(text: string): boolean {
  return /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*$/.test(text) && !text.split('/').includes('..');
}

export function isCidr(text: string): boolean {
  const [address = '', prefix = '', ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0 || !/^\d{1,3}$/.test(prefix)) return false;
  return Number(prefix) <= (version === 4 ? 32 : 128);
}

/** `pool=abort` or `pool=drain`; a pool's name may hold `=` itself. */
export function isPoolChoice(text: string): boolean {
  return /^[\x21-\x7e]{1,128}=(?:abort|drain)$/.test(text);
}

export const MAX_PROCESSES = 64;

/** How many processes; `auto` = as many as there are cores. */
export function isProcessCount(text: string): boolean {
  return text === 'auto' || (/^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_PROCESSES);
}

export function isHost(text: string): boolean {
  return isIP(text) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text);
}

/** A name a `Host` header may have, without port; `*.` in front stands for all below it, `*` for any. */
export function isHostPattern(text: string): boolean {
  return text === '*' || (text.length <= 253 && /^(?:\*\.)?[\w-]+(?:\.[\w-]+)*$/.test(text));
}

export function isHttpUrl(text: string): boolean {
  return hasProtocol(text, ['http:', 'https:']);
}

/** `name=value,name=value`, as OpenTelemetry's variables have it; values are percent-encoded. */
export function isKeyValueList(text: string): boolean {
  return text.split(',').every((pair) => /^\s*[^\s=,]+\s*=[^\r\n]*$/.test(pair));
}

export function isRatio(text: string): boolean {
  return /^(?:0(?:\.\d+)?|\.\d+|1(?:\.0+)?)$/.test(text);
}

function hasProtocol(text: string, protocols: readonly string[]): boolean {
  const url = parseUrl(text);
  return url !== null && protocols.includes(url.protocol) && url.hostname !== '';
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
