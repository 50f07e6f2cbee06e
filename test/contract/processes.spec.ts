import { RETENTION } from '../support/retention.js';
import { afterAll, describe, expect, it } from 'vitest';
import { DrainState } from '../../src/common/drain-state.js';
import { ProcessPresence } from '../../src/fleet/process-presence.service.js';
import { ProcessRepository } from '../../src/fleet/process.repository.js';
import { createLogger } from '../../src/common/logger.js';
import { RetentionService } from '../../src/usage/retention.service.js';
import type { Peers } from '../../src/state/peers.js';
import { databaseService, openDatabase } from '../support/database.js';
import { PeerNet } from '../support/peer-net.js';
import { stopPostgres } from '../support/postgres.js';
import { ManualClock } from '../support/routing-world.js';

afterAll(stopPostgres);

describe.each(['sqlite', 'postgres'] as const)('processes on %s', (dialect) => {
  it('see each other and the same database, and another database has another id', async () => {
    const db = await openDatabase(dialect);
    const second = databaseService(db.config);
    await second.connect();
    const elsewhere = await openDatabase(dialect);
    const clock = new ManualClock();
    const net = new PeerNet(clock);
    const ahead = new ManualClock();
    ahead.advance(86_400_000);
    const make = (service: typeof db.service, peers: Peers, own = clock) =>
      new ProcessPresence(own, peers, new ProcessRepository(service), new DrainState());
    const a = make(db.service, net.join('inst_a'));
    const b = make(second, net.join('inst_b'), ahead);
    const c = make(elsewhere.service, net.join('inst_c'));
    const all = [a, b, c];
    for (let n = 0; n < 3; n++) {
      for (const one of all) await one.beat();
      clock.advance(10_000);
      ahead.advance(10_000);
    }
    expect(a.databaseId).toMatch(/^db_[0-9a-f-]{36}$/);
    expect(b.databaseId).toBe(a.databaseId);
    expect(c.databaseId).not.toBe(a.databaseId);
    expect(a.others()).toMatchObject([{ instanceId: 'inst_b', role: 'api', storeId: 'store-1' }]);
    expect(b.others().map(({ instanceId }) => instanceId)).toEqual(['inst_a']);
    expect(c.others()).toEqual([]);
    // One that ended stops counting when its beats stop.
    for (let n = 0; n < 5; n++) {
      await a.beat();
      clock.advance(10_000);
    }
    expect(a.others()).toEqual([]);
    for (const one of all) await one.beforeApplicationShutdown();
    await second.close();
    await db.close();
    await elsewhere.close();
  });

  it('that ended long ago are forgotten, and the identity is not', async () => {
    const db = await openDatabase(dialect);
    const clock = new ManualClock();
    const peers = new PeerNet(clock).join('inst_old', 'worker');
    const presence = new ProcessPresence(clock, peers, new ProcessRepository(db.service), new DrainState());
    await presence.beat();
    await presence.beforeApplicationShutdown();
    clock.advance(31 * 86_400_000);
    const retention = new RetentionService(
      db.service,
      { retention: RETENTION },
      clock,
      peers,
      createLogger('silent'),
    );
    expect(await retention.prune()).toMatchObject({ processes: 1 });
    expect(await new ProcessRepository(db.service).databaseId()).toBe(presence.databaseId);
    await db.close();
  });

  it('go on when the database is away, and never tell its errors', async () => {
    const db = await openDatabase(dialect);
    const clock = new ManualClock();
    const net = new PeerNet(clock);
    const presence = new ProcessPresence(
      clock,
      net.join('inst_a'),
      new ProcessRepository(db.service),
      new DrainState(),
    );
    await db.service.close();
    await presence.beat();
    expect(presence.databaseId).toBeNull();
    await presence.beforeApplicationShutdown();
    await db.close();
  });
});
