import { describe, expect, it } from 'vitest';
import { PeerNet } from '../../test/support/peer-net.js';
import { answered, ManualClock, routingWorld, SERVED } from '../../test/support/routing-world.js';
import type { ProbeAnswer } from './probe-sender.js';
import { ProberService } from './prober.service.js';

const KEYS = [{ key: 'a' }, { key: 'b' }];
const PROBE_OK: ProbeAnswer = { status: 200, latencyMs: 3, error: null, organization: 'org-x', code: null };
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function fleet(count: number) {
  const clock = new ManualClock();
  const net = new PeerNet(clock);
  const replicas = Array.from({ length: count }, () => join(net, clock));
  return { clock, net, replicas };
}

function join(net: PeerNet, clock: ManualClock) {
  const peers = net.join(`inst_${net.members.length + 1}`);
  const world = routingWorld(KEYS, { clock, peers });
  world.sharing.onApplicationBootstrap();
  const fingerprint = world.registry.snapshot.byId.get('openai-1')?.fingerprint ?? '';
  const refusal = () => world.health.refusal('openai-1', null, clock.now());
  return { ...world, peers, fingerprint, refusal, reason: () => world.health.of('openai-1').reason };
}

describe('health shared between replicas', () => {
  it('takes a key from all of them at once, in one post, and gives it back in one', async () => {
    const { replicas, net, clock } = fleet(3);
    replicas[0]!.health.report('openai-1', null, answered(403));
    expect(replicas.map((one) => one.reason())).toEqual(['forbidden', 'forbidden', 'forbidden']);
    expect(net.posts).toHaveLength(1);
    clock.advance(301_000);
    expect(replicas[2]!.refusal()).not.toBeNull();
    await turn();
    expect(replicas[2]!.refusal()).toBeNull();
    replicas[2]!.health.admitted('openai-1');
    replicas[2]!.health.report('openai-1', null, SERVED);
    expect(replicas.map((one) => one.reason())).toEqual(['served', 'served', 'served']);
    expect(net.posts).toHaveLength(3);
  });

  it('lets a burst of refusals be one message', () => {
    const { replicas, net, clock } = fleet(2);
    for (let n = 0; n < 200; n++) {
      replicas[0]!.health.report('openai-1', null, answered(429, null, 30_000));
      clock.advance(1);
    }
    expect(net.posts).toHaveLength(1);
    // Early by less than half a second, never by more than one.
    expect(replicas[1]!.refusal()?.until).toBe(clock.now() + 30_000 - 200);
  });

  it('gives one of them the one request of a trial, however many want it at the same time', async () => {
    const { replicas, clock } = fleet(3);
    for (let n = 0; n < 5; n++) replicas[0]!.health.report('openai-1', null, answered(500));
    clock.advance(31_000);
    expect(replicas.map((one) => one.refusal()?.reason)).toEqual(['unhealthy', 'unhealthy', 'unhealthy']);
    await turn();
    expect(replicas.map((one) => one.refusal() === null)).toEqual([true, false, false]);
    replicas[0]!.health.admitted('openai-1');
    clock.advance(5_000);
    for (const one of replicas) one.refusal();
    await turn();
    expect(replicas.map((one) => one.refusal() === null)).toEqual([false, false, false]);
  });

  it('passes the trial on when the one who had the right did not use it', async () => {
    const { replicas, clock } = fleet(2);
    for (let n = 0; n < 5; n++) replicas[0]!.health.report('openai-1', null, answered(500));
    clock.advance(31_000);
    replicas[0]!.refusal();
    await turn();
    expect(replicas[0]!.refusal()).toBeNull();
    clock.advance(2_100);
    replicas[1]!.refusal();
    await turn();
    expect(replicas[1]!.refusal()).toBeNull();
    expect(replicas[0]!.refusal()).not.toBeNull();
  });

  it('is known to a replica that comes later, with what is left of it', () => {
    const { replicas, net, clock } = fleet(1);
    replicas[0]!.health.report('openai-1', null, answered(429, null, 60_000));
    replicas[0]!.health.report('openai-1', 'gpt-x', answered(404, 'model_not_found'));
    clock.advance(20_000);
    const late = join(net, clock);
    expect(late.refusal()).toMatchObject({ reason: 'cooling', until: clock.now() + 40_000 });
    expect(late.health.of('openai-1').deniedModels).toEqual(['gpt-x']);
    expect(net.posts).toHaveLength(2);
  });

  it('is told in full when two speak at the same time, so that who comes later hears the longer wait', () => {
    const { replicas, net, clock } = fleet(2);
    const [one, other] = replicas;
    other!.peers.turn('away');
    other!.health.report('openai-1', null, answered(429, null, 20_000));
    one!.health.report('openai-1', null, answered(429, null, 60_000));
    other!.peers.turn('up');
    const late = join(net, clock);
    expect(late.refusal()?.until).toBe(clock.now() + 60_000);
    expect(other!.refusal()?.until).toBe(clock.now() + 60_000);
    expect(net.posts.length).toBeLessThanOrEqual(4);
  });

  it('found out while the others could not be told is told when they can', () => {
    const { replicas } = fleet(2);
    replicas[0]!.peers.turn('away');
    replicas[0]!.health.report('openai-1', null, answered(401));
    expect(replicas[1]!.reason()).toBe('not_tried');
    replicas[0]!.peers.turn('up');
    expect(replicas[1]!.reason()).toBe('invalid_key');
  });

  it('is written down by the one who found out', () => {
    const { replicas } = fleet(2);
    const heard = replicas.map((one) => {
      const changes: string[] = [];
      one.health.onChange((change) => changes.push(`${change.severity} ${String(change.heard)}`));
      return changes;
    });
    replicas[0]!.health.report('openai-1', null, answered(401));
    expect(heard).toEqual([['error false'], ['info true']]);
  });
});

describe('probes of several replicas', () => {
  function prober(world: ReturnType<typeof join>, answer: () => ProbeAnswer) {
    const asked: string[] = [];
    const sender = {
      probe: (resource: { id: string }) => {
        asked.push(resource.id);
        return Promise.resolve(answer());
      },
    };
    const runs: (() => void)[] = [];
    const scheduler = { after: (_ms: number, run: () => void) => (runs.push(run), () => undefined) };
    const service = new ProberService(
      world.config,
      world.registry,
      world.health,
      sender,
      scheduler,
      world.sharing,
    );
    service.onApplicationBootstrap();
    const round = async () => {
      for (const run of runs.splice(0)) run();
      await turn();
      await turn();
    };
    return { service, asked, round };
  }

  it('are one replica’s worth, and everybody shows what they said', async () => {
    const { replicas, clock } = fleet(3);
    const probers = replicas.map((one) => prober(one, () => PROBE_OK));
    for (let n = 0; n < 10; n++) {
      for (const one of probers) await one.round();
      clock.advance(30_000);
    }
    expect(probers.flatMap((one) => one.asked)).toHaveLength(20);
    for (const one of replicas) {
      expect(one.health.of('openai-1')).toMatchObject({
        status: 'healthy',
        reason: 'probe_ok',
        lastProbeStatus: 200,
        lastProbeLatencyMs: 3,
      });
      expect(one.registry.organizationOf(one.registry.snapshot.resources[0]!)).toBe('org-x');
    }
  });

  it('show a replica that comes later what it need not ask', () => {
    const { replicas, net, clock } = fleet(1);
    replicas[0]!.sharing.probed(replicas[0]!.fingerprint, PROBE_OK, false, 90_000);
    clock.advance(10_000);
    const late = join(net, clock);
    expect(late.health.of('openai-1')).toMatchObject({
      reason: 'probe_ok',
      lastProbeAt: clock.now() - 10_000,
    });
  });

  it('are made by an operator’s word always, and make the next try due for all', async () => {
    const { replicas, clock } = fleet(2);
    replicas[0]!.health.report('openai-1', null, answered(403));
    const [first, second] = replicas.map((one) => prober(one, () => PROBE_OK));
    await first!.round();
    clock.advance(1_000);
    await second!.service.probeAll();
    expect(second!.asked).toEqual(['openai-1', 'openai-2']);
    replicas[0]!.refusal();
    await turn();
    expect(replicas[0]!.refusal()).toBeNull();
  });

  it('are made by who cannot reach the key as well, and say nothing of what others reach', async () => {
    const { replicas } = fleet(2);
    const down = { kind: 'unsent', cause: 'refused', message: 'x' } as const;
    for (let n = 0; n < 3; n++) replicas[1]!.health.report('openai-1', null, down);
    expect(replicas.map((one) => one.reason())).toEqual(['not_tried', 'unreachable']);
    const [first, second] = replicas.map((one) => prober(one, () => PROBE_OK));
    await first!.round();
    expect(replicas[1]!.reason()).toBe('unreachable');
    await second!.round();
    expect(second!.asked).toEqual(['openai-1']);
    expect(replicas[1]!.reason()).toBe('probe_ok');
  });

  it('that get no answer count where they were made', async () => {
    const { replicas } = fleet(2);
    const silent = { ...PROBE_OK, status: null, error: 'connect timeout', organization: null };
    const [first] = replicas.map((one) => prober(one, () => silent));
    await first!.service.probeAll();
    await first!.service.probeAll();
    await first!.service.probeAll();
    expect(replicas.map((one) => one.health.of('openai-1').status)).toEqual(['unhealthy', 'unknown']);
    expect(replicas[1]!.health.of('openai-1').lastProbeError).toBe('connect timeout');
  });
});
