import type { AppConfig } from '../config/app-config.js';

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the disk is mounted read-only',
  ENOSPC: 'the disk is full',
  EEXIST: 'a file is in its place',
  ENOTDIR: 'a file is in its place',
  ENOENT: 'it cannot be created there',
};

/** What to tell a person when the disk or the SQLite file cannot be used, or null when the error is about something else. */
export function storageFailure(
  error: unknown,
  config: Pick<AppConfig, 'dataDir' | 'database'>,
): string | null {
  if (!(error instanceof Error)) return null;
  const { database } = config;
  if (database.kind === 'sqlite' && isAboutSqlite(error, database.path)) {
    return sqliteFailure(error, database.path, database.origin);
  }
  const ownSqlite = database.kind === 'sqlite' && database.origin === 'PROXY_SQLITE_URL';
  return fileFailure(error, ownSqlite ? config.dataDir : null);
}

function sqliteFailure(error: Error, path: string, origin: string): string {
  const { message } = error;
  const text = message.includes(path) ? message : `Cannot use the SQLite file ${path}: ${message}`;
  const remedy = origin === 'PROXY_SQLITE_URL' ? origin : 'PROXY_DATA_DIR or PROXY_SQLITE_URL';
  return `${oneLine(text)} (The file's place comes from ${origin}; to use another one set ${remedy}.)`;
}

/** `dataDir` where the SQLite file may lie outside of it, which is then what the error is about. */
function fileFailure(error: Error, dataDir: string | null): string | null {
  const code = codeOf(error);
  const reason = code === null ? undefined : REASONS[code];
  if (reason === undefined || !('path' in error)) return null;
  const path = String(error.path);
  const outside = dataDir !== null && !path.startsWith(dataDir);
  const [variable, place] = outside
    ? ['PROXY_SQLITE_URL', 'a file in a directory']
    : ['PROXY_DATA_DIR', 'a directory'];
  return (
    `${variable}: cannot use ${path}: ${reason} (${code}). Set ${variable} to ${place} that this user may write, ` +
    'or make that one writable.'
  );
}

function isAboutSqlite(error: Error, path: string): boolean {
  const causes: unknown[] = [error, error.cause, 'driverError' in error ? error.driverError : null];
  return (
    causes.some((cause) => cause instanceof Error && codeOf(cause)?.startsWith('SQLITE_') === true) ||
    (error.message.includes('SQLite file') && error.message.includes(path))
  );
}

function codeOf(error: Error): string | null {
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}

function oneLine(text: string): string {
  return text.replaceAll(/(?<!\s)\s*\n\s*/g, ' ');
}
