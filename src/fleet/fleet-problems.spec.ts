import { describe, expect, it } from 'vitest';
import type { Peer, PeerLink } from '../state/peers.js';
import { findProblems, type FleetView } from './fleet-problems.js';
import { ProcessBeats, UNKNOWN_STORE, type ProcessBeat } from './process-beats.js';

const UP: PeerLink = {
  status: 'up',
  storeId: 'store-1',
  error: null,
  since: 0,
  warnings: [],
  foreignValues: 0,
};

function peer(instanceId: string, databaseId: string | null): Peer {
  const facts = { inFlight: {}, pending: 0, lagMs: 0, draining: false, batches: 0, works: false, databaseId };
  const process = { version: '1', pid: 1, uptimeMs: 0, ageMs: 0, self: false };
  return { ...facts, ...process, instanceId, role: 'worker', host: `host-${instanceId}` };
}

function beat(instanceId: string, storeId: string | null, seenAt = 0): ProcessBeat {
  return { instanceId, role: 'api', host: `host-${instanceId}`, storeId, seenAt };
}

function view(change: Partial<FleetView> = {}, databaseOrigin = 'PROXY_DATABASE_URL'): FleetView {
  return {
    self: { instanceId: 'me', role: 'api', host: 'here', databaseId: 'db-1', databaseOrigin },
    link: UP,
    peers: [],
    processes: [],
    lacksWorker: false,
    ...change,
  };
}

const codes = (found: FleetView): string[] => findProblems(found).map(({ code }) => code);

describe('what does not fit together', () => {
  it('is nothing when all share both, or when it is not known yet', () => {
    expect(codes(view())).toEqual([]);
    expect(codes(view({ peers: [peer('a', 'db-1')], processes: [beat('a', 'store-1')] }))).toEqual([]);
    expect(codes(view({ peers: [peer('a', null)], processes: [beat('a', UNKNOWN_STORE)] }))).toEqual([]);
    const unseen = { ...view().self, databaseId: null };
    expect(codes(view({ self: unseen, peers: [peer('a', 'db-2')] }))).toEqual([]);
    const away = { ...UP, status: 'away' } as const;
    expect(codes(view({ link: away, processes: [beat('a', 'store-2')] }))).toEqual([]);
    const alone = { ...UP, status: 'alone', storeId: null } as const;
    expect(codes(view({ link: alone, processes: [beat('a', null)] }))).toEqual([]);
  });

  it('is another database, with both sides and the variable', () => {
    const [found] = findProblems(view({ peers: [peer('a', 'db-2'), peer('b', 'db-1')] }));
    expect(found).toMatchObject({ code: 'other_database' });
    expect(found?.message).toMatch(/^worker a on host-a uses another database than api me on here/);
    expect(found?.message).toContain('the same PROXY_DATABASE_URL.');
    const [file] = findProblems(view({ peers: [peer('a', 'db-2')] }, 'PROXY_SQLITE_URL'));
    expect(file?.message).toContain('here the database comes from PROXY_SQLITE_URL');
  });

  it('names a few of many', () => {
    const peers = ['a', 'b', 'c', 'd', 'e'].map((id) => peer(id, 'db-2'));
    const [found] = findProblems(view({ peers }));
    expect(found?.message).toContain(
      'worker a on host-a, worker b on host-b, worker c on host-c and 2 more use',
    );
  });

  it.each([
    ['another Redis than', UP, 'store-2'],
    ['no Redis and', UP, null],
    ['a Redis and api me on here none', { ...UP, status: 'alone', storeId: null } as const, 'store-2'],
  ])('is another Redis on the same database: %s', (words, link, storeId) => {
    const [found] = findProblems(view({ link, processes: [beat('a', storeId)] }));
    expect(found).toMatchObject({ code: 'other_redis' });
    expect(found?.message).toContain(words);
    expect(found?.message).toContain('PROXY_REDIS_URL');
  });

  it('is a queue without a worker, and a store with settings that lose records', () => {
    const link = { ...UP, warnings: ['maxmemory-policy is allkeys-lru'] };
    const found = findProblems(view({ link, lacksWorker: true }));
    expect(found.map(({ code }) => code)).toEqual(['no_worker', 'redis_settings']);
    expect(found[0]?.message).toContain('responses-proxy worker');
    expect(found[1]?.message).toBe('maxmemory-policy is allkeys-lru');
  });
});

describe('processes in the table', () => {
  it('live as long as their beats move, whatever their clocks say', () => {
    const beats = new ProcessBeats(35_000);
    const ahead = 9_000_000;
    beats.learn([beat('a', null, ahead), beat('dead', null, 5)], 0);
    expect(beats.alive(0)).toEqual([]);
    beats.learn([beat('a', null, ahead + 10_000), beat('dead', null, 5)], 10_000);
    expect(beats.alive(10_000).map(({ instanceId }) => instanceId)).toEqual(['a']);
    beats.learn([beat('a', null, ahead + 10_000)], 30_000);
    expect(beats.alive(45_000)).toHaveLength(1);
    expect(beats.alive(45_001)).toEqual([]);
  });
});
