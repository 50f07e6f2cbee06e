/** SQLite result codes that say nothing about the data: locked, full, read-only, broken disk, missing schema. */
const SQLITE_BLOCKED =
  /SQLITE_(BUSY|LOCKED|FULL|READONLY|IOERR|CANTOPEN|CORRUPT|NOTADB|NOMEM|INTERRUPT|PROTOCOL|SCHEMA|MISUSE|PERM|AUTH|NOLFS)|no such (table|column)|has no column/;

/** SQLSTATE classes that do: 22 data exception, 23 integrity violation, 54 program limit exceeded. */
const POSTGRES_DATA = /^(22|23|54)/;
const SQLSTATE = /^[0-9A-Z]{5}$/;

/**
 * Whether a failed write is the database's state rather than the rows': unreachable, locked, full, out of connections,
 * a schema that is missing. Rows must then wait; trying them one by one would only condemn good ones.
 */
export function isDatabaseBlocked(e: unknown): boolean {
  if (!(e instanceof Error)) return false;
  const code = codeOf(e);
  if (code !== null && SQLSTATE.test(code) && !code.startsWith('SQLITE')) return !POSTGRES_DATA.test(code);
  if (code?.startsWith('E') === true) return true; // ECONNREFUSED, EPIPE, ETIMEDOUT, …
  if (SQLITE_BLOCKED.test(e.message)) return true;
  return /connection|timeout|terminat|not queryable|not initialized|not established|released/i.test(
    e.message,
  );
}

/** Whether the connection is gone, or the server: what follows will fail as well until it is back. */
export function isConnectionLost(e: unknown): boolean {
  if (!(e instanceof Error)) return false;
  const code = codeOf(e);
  // 53300, too many connections: those there are work; one more must wait.
  if (code !== null && SQLSTATE.test(code)) return /^(08|53(?!300)|57P)/.test(code);
  return isDatabaseBlocked(e);
}

function codeOf(e: Error): string | null {
  const { code, driverError } = e as Error & { code?: unknown; driverError?: { code?: unknown } };
  const found = code ?? driverError?.code;
  return typeof found === 'string' ? found : null;
}

/** Whether a row of that key exists already. */
export function isUniqueViolation(e: unknown): boolean {
  return e instanceof Error && (codeOf(e) === '23505' || /SQLITE_CONSTRAINT: UNIQUE/.test(e.message));
}

/** Of a query on the one table `migrations`: whether it is not there yet. By code: Postgres may speak any language. */
export function isMigrationsTableMissing(e: unknown): boolean {
  return e instanceof Error && (codeOf(e) === '42P01' || /no such table: migrations\b/.test(e.message));
}
