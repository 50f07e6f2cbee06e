import { randomUUID } from 'node:crypto';
import { afterAll } from 'vitest';
import { systemClock, type Clock } from '../../src/common/clock.js';
import { createLogger } from '../../src/common/logger.js';
import { Secret } from '../../src/common/secret.js';
import { RedisService } from '../../src/infra/redis/redis.service.js';
import type { BindingSource } from '../../src/state/recorded-bindings.js';
import { RecordedBindings } from '../../src/state/recorded-bindings.js';
import { RedisClock } from '../../src/state/redis-clock.js';
import { RedisLiveState } from '../../src/state/redis-live-state.js';
import { RedisNames } from '../../src/state/redis-names.js';
import { RedisPeers } from '../../src/state/redis-peers.js';
import { until } from './until.js';

export interface RedisPeerOptions {
  readonly prefix?: string;
  readonly maxBindings?: number;
  readonly source?: BindingSource;
  readonly owedSince?: () => number;
  readonly clock?: Clock;
  readonly role?: 'api' | 'worker';
}

const started = new Set<RedisPeer>();

afterAll(async () => {
  await Promise.all([...started].map((peer) => peer.stop()));
});

/** The Redis adapters of one process, as the composition root would put them together. */
export class RedisPeer {
  readonly redis: RedisService;
  readonly peers: RedisPeers;
  readonly live: RedisLiveState;
  readonly instanceId: string;

  private constructor(url: string, options: RedisPeerOptions) {
    const { clock = systemClock, prefix = 'rpx', maxBindings = 1_000, role = 'api' } = options;
    const instanceId = `inst_${randomUUID()}`;
    this.instanceId = instanceId;
    const names = new RedisNames(prefix);
    const time = new RedisClock(clock);
    this.redis = new RedisService(new Secret(url), instanceId, clock, createLogger('silent'));
    this.peers = new RedisPeers(this.redis, names, { instanceId, role, version: '1.2.3' }, time, clock);
    const recorded = new RecordedBindings(clock);
    recorded.source = options.source ?? null;
    recorded.owedSince = options.owedSince ?? (() => null);
    const { redis, peers } = this;
    this.live = new RedisLiveState(maxBindings, { redis, names, time, peers, recorded, clock, instanceId });
    this.peers.describe(() => ({ inFlight: this.live.localCounts }));
  }

  /** Not started. */
  static make(url: string, options: RedisPeerOptions = {}): RedisPeer {
    const peer = new RedisPeer(url, options);
    started.add(peer);
    return peer;
  }

  static async start(url: string, options: RedisPeerOptions = {}): Promise<RedisPeer> {
    const peer = RedisPeer.make(url, options);
    await peer.peers.start();
    return peer;
  }

  /** Until it has joined. */
  up(): Promise<string> {
    return until(
      () => Promise.resolve(this.peers.link.status as string),
      (status) => status === 'up',
      { timeoutMs: 10_000, what: 'joined' },
    );
  }

  /** As `kill -9` would: nobody is told. */
  die(): void {
    started.delete(this);
    this.redis.stop();
    void this.peers.stop();
  }

  async stop(): Promise<void> {
    started.delete(this);
    await this.peers.stop();
  }
}
