import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { ProxyError } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import { LOGGER } from '../../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import type { Dialect } from './column-types.js';
import { isConnectionLost, isDatabaseBlocked } from './database-errors.js';
import { createDataSource, cutConnections, dataSourceOptions, dialectOf } from './data-source.js';
import { migrate } from './migrate.js';
import { READ_LIMIT_MS, ReadLimiter } from './read-limiter.js';
import { preflightSqlite } from './sqlite-preflight.js';

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 10_000;
/** The pages one batch changes are more than SQLite's 2 MB: what does not fit is written, read back and written again. */
const WRITER_CACHE_KB = 16_384;

/**
 * The one data source. SQLite must open, or the process does not start. Postgres may be away: the process serves
 * without it and keeps trying in the background.
 */
@Injectable()
export class DatabaseService {
  #ready = false;
  #lastError: string | null = null;
  #closed = false;
  #retry: NodeJS.Timeout | null = null;
  /** SQLite only: TypeORM shares one connection there, and a read must not see, nor a write join, an open transaction. */
  #writer: DataSource | null = null;
  #writes: Promise<unknown> = Promise.resolve();
  readonly #listeners: (() => void)[] = [];
  readonly #reads = new ReadLimiter();

  constructor(
    readonly dataSource: DataSource,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  get ready(): boolean {
    return this.#ready;
  }

  get lastError(): string | null {
    return this.#lastError;
  }

  get dialect(): Dialect {
    return dialectOf(this.dataSource);
  }

  /** SQLite: opens and migrates, or throws. Postgres: tries once, then goes on in the background. */
  async connect(): Promise<void> {
    if (this.config.database.kind === 'sqlite') {
      await this.#openSqlite(this.config.database.path);
      this.#ready = true;
    } else {
      await this.#tryPostgres(FIRST_RETRY_MS);
    }
  }

  /** Calls back each time a database that was away can be used again. */
  onReady(listener: () => void): void {
    this.#listeners.push(listener);
  }

  requireReady(): DataSource {
    if (this.#ready) return this.dataSource;
    throw unavailable(this.#lastError ?? 'the database is not connected yet');
  }

  /** One SELECT for somebody who waits: throws `database_unavailable` within two seconds when the database does not answer. */
  read<Row>(sql: string, params: readonly unknown[]): Promise<Row[]> {
    return this.#reads.run(() => this.readPatiently<Row>(sql, params), tooSlow);
  }

  /** The same for the program itself, which rather waits as long as a statement may take. */
  readPatiently<Row>(sql: string, params: readonly unknown[]): Promise<Row[]> {
    return this.find((manager) => manager.query<Row[]>(sql, [...params]));
  }

  /** Reads entities; patiently, too. */
  async find<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const source = this.requireReady();
    try {
      return await work(source.manager);
    } catch (e: unknown) {
      this.#noticeLoss(e);
      if (isDatabaseBlocked(e)) throw unavailable((e as Error).message, e);
      throw e;
    }
  }

  /**
   * All writes go through here. Commits when `work` resolves, rolls back when it throws. On SQLite one transaction at
   * a time, on a connection of its own, taking the write lock at once.
   */
  async transaction<T>(work: (runner: QueryRunner) => Promise<T>): Promise<T> {
    const writer = this.#writer;
    if (writer === null) {
      try {
        return await runPostgres(this.requireReady(), work);
      } catch (e: unknown) {
        this.#noticeLoss(e);
        throw e;
      }
    }
    const turn = this.#writes.then(() => runSqlite(writer, work));
    this.#writes = turn.catch(() => undefined); // the caller hears of it; the next writer must not
    return turn;
  }

  /** Whoever writes last closes it: no shutdown hook here, hooks of different modules have no order to rely on. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#ready = false;
    if (this.#retry !== null) clearTimeout(this.#retry);
    await this.#writes;
    if (this.#writer?.isInitialized === true) await this.#writer.destroy();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  async #openSqlite(path: string): Promise<void> {
    await preflightSqlite(path);
    await this.dataSource.initialize();
    await this.dataSource.query('PRAGMA synchronous = NORMAL');
    await migrate(this.dataSource, this.config.database);
    const writer = createDataSource(dataSourceOptions(this.config.database));
    await writer.initialize();
    await writer.query('PRAGMA synchronous = NORMAL');
    await writer.query(`PRAGMA cache_size = -${WRITER_CACHE_KB}`);
    this.#writer = writer;
  }

  async #tryPostgres(retryMs: number): Promise<void> {
    try {
      if (!this.dataSource.isInitialized) await this.dataSource.initialize();
      await migrate(this.dataSource, this.config.database);
      if (this.#lastError !== null) this.logger.info({ event: 'database.connected' }, 'database is back');
      this.#lastError = null;
      this.#ready = !this.#closed;
      if (this.#ready) for (const listener of this.#listeners) listener();
    } catch (e: unknown) {
      cutConnections(this.dataSource);
      this.#retryLater(e instanceof Error ? e.message : String(e), retryMs);
    }
  }

  /** From here on callers are told at once, and the background finds out when the server is back. */
  #noticeLoss(e: unknown): void {
    if (this.dialect !== 'postgres' || !this.#ready || !isConnectionLost(e)) return;
    this.#ready = false;
    // The others lead to the same server. Those that are dead without knowing it would fail one by one, for minutes.
    cutConnections(this.dataSource);
    this.#retryLater((e as Error).message, FIRST_RETRY_MS);
  }

  #retryLater(message: string, retryMs: number): void {
    if (this.#lastError === null)
      this.logger.warn(
        { event: 'database.unreachable', error: message },
        'database unreachable; records wait on disk',
      );
    this.#lastError = message;
    if (this.#closed) return;
    this.#retry = setTimeout(() => void this.#tryPostgres(Math.min(retryMs * 2, LAST_RETRY_MS)), retryMs);
    this.#retry.unref();
  }
}

function unavailable(reason: string, cause?: unknown): ProxyError {
  return new ProxyError(
    'database_unavailable',
    `History cannot be read: ${reason}. Traffic is not affected; records wait on disk.`,
    { retryAfterSeconds: 5, cause },
  );
}

/** The one who asked can do something about it: the database is there. */
function tooSlow(): ProxyError {
  return new ProxyError(
    'database_unavailable',
    `The database had no answer within ${READ_LIMIT_MS / 1_000} s: it is busy or stuck, or has too many rows to look through. ` +
      'Traffic is not affected. Ask for less, as since=1h or one id or session, or try again.',
    { retryAfterSeconds: 5 },
  );
}

async function runSqlite<T>(writer: DataSource, work: (runner: QueryRunner) => Promise<T>): Promise<T> {
  const runner = writer.createQueryRunner();
  await runner.query('BEGIN IMMEDIATE');
  // What `startTransaction` would have noted; its own BEGIN takes the lock too late. `manager.save` asks for it.
  Object.assign(runner, { isTransactionActive: true, transactionDepth: 1 });
  try {
    const result = await work(runner);
    await runner.query('COMMIT');
    return result;
  } catch (e: unknown) {
    await runner.query('ROLLBACK').catch(() => undefined); // a failed COMMIT or a full disk may have rolled back already
    throw e;
  } finally {
    Object.assign(runner, { isTransactionActive: false, transactionDepth: 0 });
  }
}

async function runPostgres<T>(source: DataSource, work: (runner: QueryRunner) => Promise<T>): Promise<T> {
  const runner = source.createQueryRunner();
  try {
    await runner.startTransaction();
    const result = await work(runner);
    await runner.commitTransaction();
    return result;
  } catch (e: unknown) {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined); // connection lost
    throw e;
  } finally {
    await runner.release();
  }
}
