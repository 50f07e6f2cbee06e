import { Module } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { LIVE_STATE } from './live-state.js';
import type { Clock } from '../common/clock.js';
import { CLOCK, INSTANCE_ID, PROCESS_ROLE } from '../common/tokens.js';
import { LonePeers } from './lone-peers.js';
import { MemoryLiveState } from './memory-live-state.js';
import { PEERS, type PeerRole } from './peers.js';

/** Live state of this process, in memory. One module, one instance: everybody must see the same counts. */
@Module({
  providers: [
    {
      provide: LIVE_STATE,
      inject: [APP_CONFIG],
      useFactory: (config: AppConfig) => new MemoryLiveState(config.affinity.maxEntries),
    },
    {
      provide: PEERS,
      inject: [APP_CONFIG, INSTANCE_ID, PROCESS_ROLE, CLOCK],
      useFactory: (config: AppConfig, instanceId: string, role: PeerRole, clock: Clock) =>
        new LonePeers({ instanceId, role, version: config.version }, clock),
    },
  ],
  exports: [LIVE_STATE, PEERS],
})
export class StateModule {}
