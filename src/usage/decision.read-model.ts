import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../infra/database/database.service.js';
import type { CandidateRecord } from '../state/live-state.js';
import { type Page, pageOf } from './cursor.js';
import type { CandidateItem, DecisionItem } from './decision-item.js';
import { outcomeFilters } from './outcome-filters.js';
import { decisionPlace, type ExactFilter, SqlQuery } from './sql-query.js';

const COLUMNS = `"id", "request_id", "attempt", "at", "session_id", "caller_id", "pool_id", "model", "affinity_class",
  "affinity_kind", "affinity_result", "resource_id", "reason", "explanation", "waited_ms", "cached_tokens_at_stake",
  "candidates"`;

export interface DecisionFilter {
  readonly limit: number;
  readonly session_id?: string | null;
  readonly resource_id?: string | null;
  /** Its own id, that of its response, or the upstream's. */
  readonly request_id?: string | null;
  readonly caller_id?: string | null;
  readonly model?: string | null;
  /** What the client of the request heard. */
  readonly status_code?: number | null;
  /** Of the request. */
  readonly state?: string | null;
  readonly cursor?: string | null;
  /** Epoch ms, inclusive, against `at`. */
  readonly since?: number | null;
}

/** As `COLUMNS`, beside another table. */
const COLUMNS_OF_D = COLUMNS.split(',')
  .map((column) => `"d".${column.trim()}`)
  .join(', ');

interface RawDecision extends Omit<DecisionItem, 'candidates'> {
  readonly candidates: string;
}

type Later = 'remainingRequests' | 'remainingTokens' | 'cachedTokens';
type StoredCandidate = Omit<CandidateRecord, Later> & Partial<Pick<CandidateRecord, Later>>;

/** Routing decisions, newest first. Every call throws `database_unavailable` while there is no database. */
@Injectable()
export class DecisionReadModel {
  constructor(private readonly database: DatabaseService) {}

  async list(filter: DecisionFilter): Promise<Page<DecisionItem>> {
    const { rare, usual } = outcomeFilters(filter);
    if (rare.length > 0) return this.#ofOutcome(filter, [...rare, ...usual]);
    const query = new SqlQuery(this.database.dialect)
      .called('request_id', filter.request_id)
      .exact([
        ['session_id', filter.session_id],
        ['caller_id', filter.caller_id],
        ['resource_id', filter.resource_id],
        ['model', filter.model],
      ])
      .from('at', filter.since)
      .after(filter.cursor, 'at');
    // Nearly all of them ended so: those that did not are passed over as they come.
    for (const [column, value] of usual)
      query.and(
        `EXISTS (SELECT 1 FROM "requests" AS "r" WHERE "r"."id" = "request_id" AND "r"."${column}" = ${query.param(value)})`,
      );
    const sql = `SELECT ${COLUMNS} FROM "decisions"${query.where} ORDER BY "at" DESC, "id" DESC LIMIT ${query.param(filter.limit + 1)}`;
    const rows = await this.database.read<RawDecision>(sql, query.params);
    return pageOf(rows.map(itemOf), filter.limit, (row) => ({ at: row.at, id: row.id }));
  }

  /**
   * Of requests that ended in a way few do: by the requests, newest first, and so is the order. By decisions it would be
   * to look at each of a million for the one whose request failed so.
   */
  async #ofOutcome(filter: DecisionFilter, outcome: readonly ExactFilter[]): Promise<Page<DecisionItem>> {
    const query = new SqlQuery(this.database.dialect)
      .called('r.id', filter.request_id)
      .exact([
        ['r.session_id', filter.session_id],
        ...outcome.map(([column, value]) => [`r.${column}`, value] as const),
        ['d.caller_id', filter.caller_id],
        ['d.resource_id', filter.resource_id],
        ['d.model', filter.model],
      ])
      .from('r.started_at', filter.since)
      .afterDecision(filter.cursor)
      .and('"d"."request_id" = "r"."id"');
    // CROSS JOIN: SQLite keeps to the order of the tables.
    const sql = `SELECT ${COLUMNS_OF_D}, "r"."started_at" AS "started_at" FROM "requests" AS "r" CROSS JOIN "decisions" AS "d"${query.where}
      ORDER BY "r"."started_at" DESC, "r"."id" DESC, "d"."attempt" DESC, "d"."id" DESC LIMIT ${query.param(filter.limit + 1)}`;
    const rows = await this.database.read<RawDecision & { readonly started_at: number }>(sql, query.params);
    const placed = rows.map(({ started_at: at, ...row }) => ({ at, item: itemOf(row) }));
    const { rows: kept, nextCursor } = pageOf(placed, filter.limit, ({ at, item }) => ({
      at,
      id: decisionPlace(item.request_id, item.attempt, item.id),
    }));
    return { rows: kept.map(({ item }) => item), nextCursor };
  }

  /** Of one request, in order of its attempts. */
  async ofRequest(requestId: string): Promise<DecisionItem[]> {
    const query = new SqlQuery(this.database.dialect).equal('request_id', requestId);
    const sql = `SELECT ${COLUMNS} FROM "decisions"${query.where} ORDER BY "attempt", "id"`;
    return (await this.database.read<RawDecision>(sql, query.params)).map(itemOf);
  }
}

function itemOf(raw: RawDecision): DecisionItem {
  const candidates = JSON.parse(raw.candidates) as StoredCandidate[];
  return { ...raw, candidates: candidates.map(candidateOf) };
}

function candidateOf(candidate: StoredCandidate): CandidateItem {
  return {
    resource_id: candidate.resourceId,
    pool_id: candidate.poolId,
    organization: candidate.organization,
    weight: candidate.weight,
    in_flight: candidate.inFlight,
    load: candidate.load,
    health: candidate.health,
    // Not in decisions of before these were known.
    remaining_requests: candidate.remainingRequests ?? null,
    remaining_tokens: candidate.remainingTokens ?? null,
    cached_tokens: candidate.cachedTokens ?? null,
    chosen: candidate.chosen,
    rejected: candidate.rejected,
  };
}
