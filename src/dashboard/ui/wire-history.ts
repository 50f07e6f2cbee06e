/* oxlint-disable no-restricted-imports -- types alone: nothing of the server comes into the page */
import type { RequestDto } from '../../admin/dto/request.dto.js';
import type { SessionDto } from '../../admin/dto/session.dto.js';
import type { AttemptItem, BodyItem } from '../../usage/request-item.js';
import type { SeriesError, SeriesPoint } from '../../usage/series-slices.js';
import type { SessionResourceItem } from '../../usage/session-item.js';
import type { Decision } from './wire.js';

/** History as the admin API answers it: the very types of the server, under the names that the page has for them. */
export type RequestRow = RequestDto;
export type Attempt = AttemptItem;
export type CapturedBody = BodyItem;
export type SessionRow = SessionDto;
export type SessionResource = SessionResourceItem;
export type { UsageItem as UsageRow } from '../../usage/usage-item.js';
export type { SeriesPoint };

export interface RequestList {
  readonly requests: readonly RequestRow[];
  readonly next_cursor: string | null;
}

export interface RequestDetail {
  readonly request: RequestRow;
  readonly attempts: readonly Attempt[];
  readonly decisions: readonly Decision[];
  readonly bodies: readonly CapturedBody[];
}

export interface SessionDetail {
  readonly session: SessionRow;
  readonly moves: number;
  readonly resources: readonly SessionResource[];
  readonly children: readonly SessionRow[];
  readonly requests: readonly RequestRow[];
}

/** Slices of time, oldest first, without gaps. */
export interface Series {
  readonly since: number;
  readonly step_ms: number;
  readonly points: readonly SeriesPoint[];
  readonly totals: SeriesPoint;
  /** Most frequent first. */
  readonly errors: readonly SeriesError[];
}
