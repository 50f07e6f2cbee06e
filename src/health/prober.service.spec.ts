import { describe, expect, it } from 'vitest';
import { answered, routingWorld } from '../../test/support/routing-world.js';
import type { HealthChange } from './health-change.js';
import type { ProbeAnswer } from './probe-sender.js';
import { ProberService } from './prober.service.js';
import type { Scheduler } from './scheduler.js';

const OK: ProbeAnswer = { status: 200, latencyMs: 3, error: null, organization: 'org-x', code: null };

/** Timers that go off when told to. */
class ManualScheduler implements Scheduler {
  readonly planned = new Map<() => void, number>();

  after(ms: number, run: () => void): () => void {
    this.planned.set(run, ms);
    return () => void this.planned.delete(run);
  }

  get delays(): number[] {
    return [...this.planned.values()];
  }

  fire(): void {
    const due = [...this.planned.keys()];
    this.planned.clear();
    for (const run of due) run();
  }
}

function setUp(answer: () => Promise<ProbeAnswer>, random = 0.5) {
  const world = routingWorld([{ key: 'a' }, { key: 'b' }]);
  const asked: string[] = [];
  const sender = {
    probe: (resource: { id: string }, path: string) => {
      asked.push(`${resource.id} ${path}`);
      return answer();
    },
  };
  const scheduler = new ManualScheduler();
  const prober = new ProberService(
    world.config,
    world.registry,
    world.health,
    sender,
    scheduler,
    world.sharing,
  );
  prober.random = () => random;
  return { ...world, asked, scheduler, prober };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('ProberService', () => {
  it('probes one key for an operator, which counts like any other probe, and none that is not there', async () => {
    const { prober, health, asked } = setUp(() => Promise.resolve(OK));
    expect(await prober.probe('openai-2')).toMatchObject({ resource_id: 'openai-2', ok: true });
    expect(await prober.probe('openai-9')).toBeNull();
    expect(asked).toEqual(['openai-2 /models']);
    expect([health.of('openai-1').status, health.of('openai-2').status]).toEqual(['unknown', 'healthy']);
  });

  it('probes each key by itself, soon after the start and then every interval give or take a fifth', async () => {
    for (const [random, interval] of [
      [0, 24_000],
      [0.5, 30_000],
      [0.999_999, 36_000],
    ] as const) {
      const { asked, scheduler, prober, health, registry } = setUp(() => Promise.resolve(OK), random);
      prober.onApplicationBootstrap();
      expect(scheduler.delays.every((ms) => ms <= 1_000)).toBe(true);
      scheduler.fire();
      await turn();
      expect(asked).toEqual(['openai-1 /models', 'openai-2 /models']);
      expect(scheduler.delays.map(Math.round)).toEqual([interval, interval]);
      expect(health.of('openai-1')).toMatchObject({
        status: 'healthy',
        reason: 'probe_ok',
        lastProbeStatus: 200,
      });
      expect(registry.organizationOf(registry.snapshot.resources[0]!)).toBe('org-x');
      prober.beforeApplicationShutdown();
      expect(scheduler.delays).toEqual([]);
    }
  });

  it('plans nothing more when stopped during a probe', async () => {
    let finish: (answer: ProbeAnswer) => void = () => undefined;
    const { scheduler, prober } = setUp(() => new Promise((resolve) => (finish = resolve)));
    prober.onApplicationBootstrap();
    scheduler.fire();
    prober.beforeApplicationShutdown();
    finish(OK);
    await turn();
    expect(scheduler.delays).toEqual([]);
  });

  it('goes on when a probe rejects', async () => {
    const { scheduler, prober, health } = setUp(() => Promise.reject(new Error('bug')));
    prober.onApplicationBootstrap();
    scheduler.fire();
    await turn();
    expect(scheduler.delays).toHaveLength(2);
    expect(health.of('openai-1')).toMatchObject({ status: 'degraded', lastProbeError: 'bug' });
  });

  it('answers an operator for every key, and opens a trial where a 200 may not decide alone', async () => {
    const { prober, health, clock } = setUp(() => Promise.resolve(OK));
    health.report('openai-2', null, answered(403));
    const results = await prober.probeAll();
    expect(results).toMatchObject([
      {
        resource_id: 'openai-1',
        ok: true,
        status_code: 200,
        latency_ms: 3,
        error: null,
        health: { status: 'healthy' },
      },
      {
        resource_id: 'openai-2',
        ok: true,
        health: { status: 'unhealthy', reason: 'forbidden', until: null },
      },
    ]);
    expect(health.refusal('openai-2', null, clock.now())).toBeNull();
  });
});

describe('HealthService', () => {
  it('tells of each change once, with a severity for people', () => {
    const { health, clock } = setUp(() => Promise.resolve(OK));
    const changes: HealthChange[] = [];
    const stop = health.onChange((change) => changes.push(change));
    const served = { kind: 'served', status: 200, rateLimit: null } as const;
    health.report('openai-1', null, served);
    health.report('openai-1', null, served);
    health.report('openai-1', null, answered(429));
    health.report('openai-1', null, answered(429));
    clock.advance(21_000);
    health.report('openai-1', null, served);
    health.report('openai-1', null, answered(401));
    health.report('openai-99', null, answered(401));
    stop();
    health.report('openai-1', null, served);
    expect(changes.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
      'info openai-1 is healthy (served)',
      'warn openai-1 is degraded (rate_limited): status 429',
      'info openai-1 is healthy (served)',
      'error openai-1 is unhealthy (invalid_key): status 401',
    ]);
  });

  it('measures cooldowns on the monotonic clock and shows them on the wall clock', () => {
    const { health, clock } = setUp(() => Promise.resolve(OK));
    health.report('openai-1', null, answered(429, null, 30_000));
    const wall = clock.now();
    clock.now = () => wall + 3_600_000; // somebody set the clock an hour ahead
    expect(health.refusal('openai-1', null, wall)).not.toBeNull();
    expect(health.of('openai-1').until).toBe(wall + 3_600_000 + 30_000);
  });

  it('shows every candidate of an unknown id as unknown', () => {
    const { health, clock } = setUp(() => Promise.resolve(OK));
    expect(health.of('openai-99').status).toBe('unknown');
    expect(health.refusal('openai-99', null, clock.now())).toBeNull();
  });
});
