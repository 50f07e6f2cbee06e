import { Injectable } from '@nestjs/common';
import type { Page } from './cursor.js';
import { DecisionReadModel } from './decision.read-model.js';
import type { ExportSubject } from './export-columns.js';
import { RequestReadModel } from './request.read-model.js';
import type { SessionItem } from './session-item.js';
import { SessionReadModel } from './session.read-model.js';
import { UsageReadModel, type UsageGroup } from './usage.read-model.js';

const PAGE = 500;

export interface ExportFilter {
  /** Epoch ms, inclusive. */
  readonly since: number | null;
  /** Of `usage`. */
  readonly groupBy: UsageGroup;
}

type Row = Readonly<Record<string, unknown>>;

/** Everything of a kind, newest first but for sessions, a page at a time: what is long is never in memory whole. */
@Injectable()
export class ExportReadModel {
  constructor(
    private readonly requests: RequestReadModel,
    private readonly sessions: SessionReadModel,
    private readonly decisions: DecisionReadModel,
    private readonly usage: UsageReadModel,
  ) {}

  /** Pages of rows; the first one is asked for before anything is answered. Throws `database_unavailable`. */
  async *pages(subject: ExportSubject, { since, groupBy }: ExportFilter): AsyncGenerator<readonly Row[]> {
    if (subject === 'usage') {
      const { rows } = await this.usage.list({ group_by: groupBy, since, limit: null });
      yield rows as unknown as Row[];
      return;
    }
    if (subject === 'sessions') {
      yield* this.#sessions(since);
      return;
    }
    let cursor: string | null = null;
    do {
      const page: Page<object> = await this[subject].list({ limit: PAGE, since, cursor });
      yield page.rows as Row[];
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  /** By id: a session that goes on meanwhile would move to the front of the others, and be missed. */
  async *#sessions(since: number | null): AsyncGenerator<readonly Row[]> {
    let after: SessionItem | undefined;
    do {
      const rows: SessionItem[] = await this.sessions.byId({ limit: PAGE, since, after });
      yield rows as unknown as Row[];
      after = rows.length < PAGE ? undefined : rows.at(-1);
    } while (after !== undefined);
  }
}
