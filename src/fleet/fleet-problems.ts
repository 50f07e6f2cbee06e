import type { Peer, PeerLink, PeerRole } from '../state/peers.js';
import { UNKNOWN_STORE, type ProcessBeat } from './process-beats.js';

export type FleetProblemCode = 'other_database' | 'other_redis' | 'no_worker' | 'redis_settings';

/** Something about the processes together that a person must mend. Traffic goes on. */
export interface FleetProblem {
  readonly code: FleetProblemCode;
  /** What is wrong, who is concerned, and which variable mends it. No addresses, no secrets. */
  readonly message: string;
}

export interface FleetSelf {
  readonly instanceId: string;
  readonly role: PeerRole;
  readonly host: string;
  /** Null while the database has not been seen. */
  readonly databaseId: string | null;
  /** Variable that named the database. */
  readonly databaseOrigin: string;
}

export interface FleetView {
  readonly self: FleetSelf;
  readonly link: PeerLink;
  /** The others on the same Redis. */
  readonly peers: readonly Peer[];
  /** The others on the same database that live. */
  readonly processes: readonly ProcessBeat[];
  /** Nobody has written history for long enough to say so. */
  readonly lacksWorker: boolean;
}

interface Named {
  readonly instanceId: string;
  readonly role: PeerRole;
  readonly host: string;
}

const MOST_NAMED = 3;

/** What does not fit together, from what this process sees. Pure. */
export function findProblems(view: FleetView): FleetProblem[] {
  return [
    ...otherDatabase(view),
    ...otherRedis(view),
    ...noWorker(view),
    ...view.link.warnings.map((message) => ({ code: 'redis_settings' as const, message })),
  ];
}

function otherDatabase({ self, peers }: FleetView): FleetProblem[] {
  const { databaseId } = self;
  if (databaseId === null) return [];
  const others = peers.filter((peer) => peer.databaseId !== null && peer.databaseId !== databaseId);
  if (others.length === 0) return [];
  return [
    problem(
      'other_database',
      `${names(others)} ${others.length === 1 ? 'uses' : 'use'} another database than ${name(self)}, on the same Redis: ` +
        'each shows a part of the history. Give all of them the same PROXY_DATABASE_URL' +
        (self.databaseOrigin === 'PROXY_DATABASE_URL'
          ? '.'
          : ` (here the database comes from ${self.databaseOrigin}).`),
    ),
  ];
}

function otherRedis({ self, link, processes }: FleetView): FleetProblem[] {
  if (link.status === 'away') return [];
  const here = link.status === 'up' ? link.storeId : null;
  if (link.status === 'up' && here === null) return [];
  const others = processes.filter(({ storeId }) => storeId !== here && storeId !== UNKNOWN_STORE);
  if (others.length === 0) return [];
  const without = others.every(({ storeId }) => storeId === null);
  const what =
    here === null
      ? `${verb(others)} a Redis and ${name(self)} none`
      : without
        ? `${verb(others)} no Redis and ${name(self)} one`
        : `${verb(others)} another Redis than ${name(self)}`;
  return [
    problem(
      'other_redis',
      `${names(others)} ${what}, on the same database: they do not see each other's load, cooldowns and queue. ` +
        'Give all of them the same PROXY_REDIS_URL and PROXY_REDIS_PREFIX.',
    ),
  ];
}

function verb(others: readonly Named[]): string {
  return others.length === 1 ? 'has' : 'have';
}

function noWorker({ lacksWorker }: FleetView): FleetProblem[] {
  if (!lacksWorker) return [];
  return [
    problem(
      'no_worker',
      'No worker is running, so the replicas write history themselves beside serving. Start `responses-proxy worker` ' +
        'with the same PROXY_REDIS_URL and PROXY_DATABASE_URL, or set PROXY_IN_PROCESS_WORKER=true if that is meant.',
    ),
  ];
}

function problem(code: FleetProblemCode, message: string): FleetProblem {
  return { code, message };
}

function names(all: readonly Named[]): string {
  const shown = all.slice(0, MOST_NAMED).map(name);
  if (all.length > MOST_NAMED) shown.push(`${all.length - MOST_NAMED} more`);
  const last = shown.pop() ?? '';
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}

function name({ instanceId, role, host }: Named): string {
  return `${role} ${instanceId} on ${host}`;
}
