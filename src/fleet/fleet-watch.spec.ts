import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { PeerNet } from '../../test/support/peer-net.js';
import { ManualClock } from '../../test/support/routing-world.js';
import type { AppConfig } from '../config/app-config.js';
import type { PeerRole } from '../state/peers.js';
import { FleetWatch } from './fleet-watch.service.js';
import type { ProcessPresence } from './process-presence.service.js';

function world(inProcessWorker = false) {
  const clock = new ManualClock();
  const net = new PeerNet(clock);
  const lines: string[] = [];
  const logger = pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) });
  const config = { inProcessWorker, database: { origin: 'PROXY_DATABASE_URL' } } as unknown as AppConfig;
  const join = (id: string, databaseId: string, role: PeerRole = 'api') => {
    const peers = net.join(id, role);
    peers.describe(() => ({ databaseId }));
    const presence = { databaseId, others: () => [] } as unknown as ProcessPresence;
    const watch = new FleetWatch(config, clock, logger, peers, presence);
    watch.onApplicationBootstrap();
    return { peers, watch, codes: () => watch.problems.map(({ code }) => code) };
  };
  const logged = () =>
    lines.map((line) => JSON.parse(line) as { event: string; problem: string; level: number });
  return { clock, net, join, logged };
}

describe('what a process says of all of them together', () => {
  it('is said once when it begins and once when it ends, however often it looks', () => {
    const { net, join, logged } = world(true);
    const me = join('me', 'db-1');
    const other = join('other', 'db-2');
    let changes = 0;
    me.watch.onChange(() => changes++);
    for (let n = 0; n < 5; n++) me.watch.look();
    expect(me.codes()).toEqual(['other_database']);
    expect(other.codes()).toEqual(['other_database']);
    net.leave(other.peers);
    for (let n = 0; n < 5; n++) me.watch.look();
    expect(me.codes()).toEqual([]);
    expect(changes).toBe(2);
    // One line from each of the two, and one for the end.
    expect(logged().map(({ event, problem }) => `${event} ${problem}`)).toEqual([
      'fleet.problem other_database',
      'fleet.problem other_database',
      'fleet.problem_over other_database',
    ]);
    for (const one of [me, other]) one.watch.beforeApplicationShutdown();
  });

  it('is that no worker runs, once that has lasted longer than a deployment of one', () => {
    const { clock, net, join } = world();
    const me = join('me', 'db-1');
    clock.advance(15_000);
    me.watch.look();
    expect(me.codes()).toEqual([]);
    clock.advance(6_000);
    me.watch.look();
    expect(me.codes()).toEqual(['no_worker']);
    const worker = join('worker', 'db-1', 'worker');
    me.watch.look();
    expect(me.codes()).toEqual([]);
    net.leave(worker.peers);
    me.watch.look();
    expect(me.codes()).toEqual([]);
    clock.advance(21_000);
    me.watch.look();
    expect(me.codes()).toEqual(['no_worker']);
    // Without Redis nobody can be asked.
    me.peers.turn('away');
    expect(me.codes()).toEqual([]);
    for (const one of [me, worker]) one.watch.beforeApplicationShutdown();
  });

  it('is not that no worker runs where another replica has an idle one inside', () => {
    const { clock, net, join } = world();
    const me = join('me', 'db-1');
    net.join('other').describe(() => ({ works: true, databaseId: 'db-1' }));
    clock.advance(60_000);
    me.watch.look();
    expect(me.codes()).toEqual([]);
    me.watch.beforeApplicationShutdown();
  });

  it('needs no worker where each process writes its own history', () => {
    const { clock, join } = world(true);
    const me = join('me', 'db-1');
    clock.advance(60_000);
    me.watch.look();
    expect(me.codes()).toEqual([]);
    me.watch.beforeApplicationShutdown();
  });
});
