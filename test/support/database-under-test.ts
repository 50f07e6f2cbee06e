import { join } from 'node:path';
import sqlite3 from 'sqlite3';
import { Secret } from '../../src/common/secret.js';
import type { DatabaseConfig } from '../../src/config/app-config.js';
import { tempDir } from './database.js';
import { postgres, stopPostgres } from './postgres.js';

/** A database of its own that can be taken away: a stopped Postgres, or a SQLite file that somebody else keeps locked. */
export class DatabaseUnderTest {
  #lock: sqlite3.Database | null = null;

  private constructor(
    readonly config: DatabaseConfig,
    private readonly dir: ReturnType<typeof tempDir>,
  ) {}

  static async create(dialect: 'sqlite' | 'postgres'): Promise<DatabaseUnderTest> {
    const dir = tempDir();
    if (dialect === 'sqlite')
      return new DatabaseUnderTest(
        { kind: 'sqlite', path: join(dir.path, 'proxy.sqlite3'), origin: 'test' },
        dir,
      );
    const url = new Secret(await (await postgres()).createDatabase());
    return new DatabaseUnderTest({ kind: 'postgres', url, origin: 'test' }, dir);
  }

  static stopServer(): Promise<void> {
    return stopPostgres();
  }

  async takeAway(): Promise<void> {
    if (this.config.kind === 'postgres') return (await postgres()).server.stop();
    this.#lock = new sqlite3.Database(this.config.path);
    await this.#run('BEGIN IMMEDIATE');
  }

  async bringBack(): Promise<void> {
    if (this.config.kind === 'postgres') return (await postgres()).server.start();
    await this.#run('ROLLBACK');
    await new Promise<void>((resolve) => this.#lock?.close(() => resolve()));
    this.#lock = null;
  }

  async remove(): Promise<void> {
    if (this.#lock !== null) await this.bringBack();
    this.dir.remove();
  }

  #run(sql: string): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#lock?.run(sql, (error) => (error ? reject(error) : resolve())),
    );
  }
}
