import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino';

import { gatheringStdout } from './log-destination.js';
import { isoTime } from './log-time.js';

export type { Logger } from 'pino';
export { LOGGER } from './tokens.js';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

/**
 * The second net: secrets are held in a type that prints as a mask, so nothing here should ever match. Header
 * objects and configuration that slip into a log line by mistake are caught by name, two levels deep.
 */
const SECRET_NAMES = [
  'authorization',
  'Authorization',
  'cookie',
  '["set-cookie"]',
  '["proxy-authorization"]',
  '["x-api-key"]',
  '["api-key"]',
  'api_key',
  'apiKey',
  'adminToken',
  'token',
  'password',
  'secret',
];

const REDACT_PATHS = SECRET_NAMES.flatMap((name) =>
  name.startsWith('[') ? [name, `*${name}`, `*.*${name}`] : [name, `*.${name}`, `*.*.${name}`],
);

/** Keys and bearer tokens inside free text, such as an upstream's error message that repeats the key. */
const SECRET_TEXT = /(?:\bsk-|rpx_)[A-Za-z0-9_-]{8,}|\b(bearer\s+)[^\s"'\\,]{12,}/gi;

export function redactText(text: string): string {
  return text.replace(SECRET_TEXT, (_match, bearer: string | undefined) => `${bearer ?? ''}[secret]`);
}

/** What JSON leaves as it is and a terminal obeys: DEL, C1 controls, line separators and marks that reorder the text. */
const TERMINAL_CONTROLS = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Within JSON they can only stand in strings, where an escape means the same. */
export function escapeControls(line: string): string {
  return line.replace(TERMINAL_CONTROLS, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * JSON lines, exactly one per event: newlines and control characters are escaped, so no value, however hostile, can
 * start a second line or reach a terminal as an escape sequence.
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: undefined,
    timestamp: () => `,"time":"${isoTime(Date.now())}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: REDACT_PATHS, censor: '[secret]' },
    serializers: { err: serializeError, error: serializeError },
    hooks: { streamWrite: (line: string) => escapeControls(redactText(line)) },
  };
  return pino(options, destination ?? gatheringStdout());
}

/** `error` is also used for plain strings. The command that failed is left out: Redis's first one has the password. */
function serializeError(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { command: _command, ...rest } = stdSerializers.err(value) as Record<string, unknown>;
  return rest;
}
