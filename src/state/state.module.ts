import { Module } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { LIVE_STATE } from './live-state.js';
import { MemoryLiveState } from './memory-live-state.js';

/** Live state of this process, in memory. One module, one instance: everybody must see the same counts. */
@Module({
  providers: [
    {
      provide: LIVE_STATE,
      inject: [APP_CONFIG],
      useFactory: (config: AppConfig) => new MemoryLiveState(config.affinity.maxEntries),
    },
  ],
  exports: [LIVE_STATE],
})
export class StateModule {}
