import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { Logger } from 'pino';
import { systemClock } from './common/clock.js';
import { DrainState } from './common/drain-state.js';
import { OpenSockets } from './common/open-sockets.js';
import { CLOCK, INSTANCE_ID, LOGGER, PROCESS_ROLE } from './common/tokens.js';

/** What every module may ask for: the log, the time, this process's name, and whether it is on its way out. */
@Module({})
export class RuntimeModule {
  static forRoot(logger: Logger, instanceId: string, role: 'api' | 'worker'): DynamicModule {
    const providers = [
      { provide: LOGGER, useValue: logger },
      { provide: CLOCK, useValue: systemClock },
      { provide: INSTANCE_ID, useValue: instanceId },
      { provide: PROCESS_ROLE, useValue: role },
      { provide: DrainState, useValue: new DrainState() },
      { provide: OpenSockets, useValue: new OpenSockets() },
    ];
    return { module: RuntimeModule, global: true, providers, exports: providers };
  }
}
