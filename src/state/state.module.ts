import { Module } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { CLOCK, INSTANCE_ID, PROCESS_ROLE } from '../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { RedisModule } from '../infra/redis/redis.module.js';
import { RedisService } from '../infra/redis/redis.service.js';
import { LIVE_STATE, type LiveState } from './live-state.js';
import { LonePeers } from './lone-peers.js';
import { MemoryLiveState } from './memory-live-state.js';
import { PEERS, type PeerRole, type Peers } from './peers.js';
import { RecordedBindings } from './recorded-bindings.js';
import { RedisClock } from './redis-clock.js';
import { RedisLiveState } from './redis-live-state.js';
import { RedisNames } from './redis-names.js';
import { RedisPeers } from './redis-peers.js';
import { StateLifecycle } from './state-lifecycle.js';

/** Live state of this process, shared through Redis where one is configured. One instance: everybody must see the same counts. */
@Module({
  imports: [RedisModule],
  providers: [
    { provide: RedisClock, inject: [CLOCK], useFactory: (clock: Clock) => new RedisClock(clock) },
    { provide: RecordedBindings, inject: [CLOCK], useFactory: (clock: Clock) => new RecordedBindings(clock) },
    {
      provide: PEERS,
      inject: [APP_CONFIG, INSTANCE_ID, PROCESS_ROLE, CLOCK, RedisService, RedisClock],
      useFactory: (
        { version, redisPrefix }: AppConfig,
        instanceId: string,
        role: PeerRole,
        clock: Clock,
        redis: RedisService | null,
        time: RedisClock,
      ) => {
        const identity = { instanceId, role, version };
        if (redis === null) return new LonePeers(identity, clock);
        return new RedisPeers(redis, new RedisNames(redisPrefix), identity, time, clock);
      },
    },
    {
      provide: LIVE_STATE,
      inject: [APP_CONFIG, INSTANCE_ID, CLOCK, RedisService, RedisClock, PEERS, RecordedBindings],
      useFactory: (
        { affinity, redisPrefix }: AppConfig,
        instanceId: string,
        clock: Clock,
        redis: RedisService | null,
        time: RedisClock,
        peers: Peers,
        recorded: RecordedBindings,
      ): LiveState => {
        const names = new RedisNames(redisPrefix);
        const live =
          redis !== null && peers instanceof RedisPeers
            ? new RedisLiveState(affinity.maxEntries, {
                redis,
                names,
                time,
                peers,
                recorded,
                clock,
                instanceId,
              })
            : new MemoryLiveState(affinity.maxEntries, clock, recorded);
        peers.describe(() => ({ inFlight: live.localCounts }));
        return live;
      },
    },
    StateLifecycle,
  ],
  exports: [LIVE_STATE, PEERS, RecordedBindings],
})
export class StateModule {}
