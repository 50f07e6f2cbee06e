import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../infra/database/database.service.js';
import type { CandidateRecord } from '../state/live-state.js';
import { type Page, pageOf } from './cursor.js';
import type { CandidateItem, DecisionItem } from './decision-item.js';
import { SqlQuery } from './sql-query.js';

const COLUMNS = `"id", "request_id", "attempt", "at", "session_id", "caller_id", "pool_id", "model", "affinity_class",
  "affinity_kind", "affinity_result", "resource_id", "reason", "explanation", "waited_ms", "cached_tokens_at_stake",
  "candidates"`;

export interface DecisionFilter {
  readonly limit: number;
  readonly session_id?: string | null;
  readonly resource_id?: string | null;
  readonly request_id?: string | null;
  readonly caller_id?: string | null;
  readonly model?: string | null;
  readonly cursor?: string | null;
  /** Epoch ms, inclusive, against `at`. */
  readonly since?: number | null;
}

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
    const query = new SqlQuery(this.database.dialect)
      .exact([
        ['request_id', filter.request_id],
        ['session_id', filter.session_id],
        ['caller_id', filter.caller_id],
        ['resource_id', filter.resource_id],
        ['model', filter.model],
      ])
      .from('at', filter.since)
      .after(filter.cursor, 'at');
    const sql = `SELECT ${COLUMNS} FROM "decisions"${query.where} ORDER BY "at" DESC, "id" DESC LIMIT ${query.param(filter.limit + 1)}`;
    const rows = await this.database.read<RawDecision>(sql, query.params);
    return pageOf(rows.map(itemOf), filter.limit, (row) => ({ at: row.at, id: row.id }));
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
