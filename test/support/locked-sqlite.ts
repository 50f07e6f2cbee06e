import { once } from 'node:events';
import sqlite3 from 'sqlite3';

/** The file is another program's alone until this is released. */
export class LockedSqlite {
  private constructor(private readonly db: sqlite3.Database) {}

  static async take(path: string): Promise<LockedSqlite> {
    const db = new sqlite3.Database(path);
    await once(db, 'open');
    db.configure('busyTimeout', 10_000);
    const lock = new LockedSqlite(db);
    await lock.#run('BEGIN IMMEDIATE');
    return lock;
  }

  async release(): Promise<void> {
    await this.#run('ROLLBACK');
    await new Promise<void>((resolve) => this.db.close(() => resolve()));
  }

  #run(sql: string): Promise<void> {
    return new Promise((resolve, reject) =>
      this.db.run(sql, (error) => (error === null ? resolve() : reject(error))),
    );
  }
}
