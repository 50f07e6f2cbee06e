import { Module } from '@nestjs/common';
import { StateModule } from '../state/state.module.js';
import { DirectTelemetryQueue } from './direct-telemetry-queue.js';
import { Recorder } from './recorder.js';
import { RetentionService } from './retention.service.js';

/** Writing history, and forgetting it in time: what API processes and workers have in common. */
@Module({
  imports: [StateModule],
  providers: [Recorder, DirectTelemetryQueue, RetentionService],
  exports: [Recorder, DirectTelemetryQueue],
})
export class RecordingModule {}
