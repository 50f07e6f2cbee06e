import { Module } from '@nestjs/common';
import { StateModule } from '../state/state.module.js';
import { FleetWatch } from './fleet-watch.service.js';
import { ProcessPresence } from './process-presence.service.js';
import { ProcessRepository } from './process.repository.js';

/** All processes of this installation as one of them sees them, API or worker. Needs DatabaseModule, config, logger and clock. */
@Module({
  imports: [StateModule],
  providers: [ProcessRepository, ProcessPresence, FleetWatch],
  exports: [ProcessPresence, FleetWatch],
})
export class FleetModule {}
