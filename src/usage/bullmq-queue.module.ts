import { BullModule } from '@nestjs/bullmq';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { createIORedisClient, type QueueOptions, RedisConnection, type RedisOptions } from 'bullmq';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { openRedis } from '../infra/redis/open-redis.js';
import { redisOptions } from '../infra/redis/redis-options.js';
import { StateModule } from '../state/state.module.js';
import { BatchWriter } from './batch-writer.js';
import { BullmqCarrier } from './bullmq-carrier.js';
import { BullmqEvents } from './bullmq-events.js';
import { TELEMETRY_QUEUE_NAME } from './bullmq-job.js';
import { BullmqProcessor } from './bullmq-processor.js';
import { BullmqTelemetryQueue } from './bullmq-telemetry-queue.js';
import { RecordingModule } from './recording.module.js';
import { TELEMETRY_WORKER } from './telemetry-worker.js';

const SENDING = [BullmqCarrier, BullmqEvents, BullmqTelemetryQueue];
const WORKING: Provider[] = [
  BatchWriter,
  BullmqProcessor,
  { provide: TELEMETRY_WORKER, useExisting: BullmqProcessor },
];
/** Few events matter, and each only for a moment. */
const KEPT_EVENTS = 1_000;
const QUEUE = { name: TELEMETRY_QUEUE_NAME, streams: { events: { maxLen: KEPT_EVENTS } } };

/** BullMQ's side of the telemetry queue, on connections of its own: for who sends batches, who writes them, or both. */
@Module({})
export class BullmqQueueModule {
  static forRoot(parts: { readonly sends: boolean; readonly works: boolean }): DynamicModule {
    // By itself it takes whichever ioredis it finds: installed as a package that may be another one than was tested.
    RedisConnection.clientFactory = (options) => createIORedisClient(openRedis(options));
    return {
      module: BullmqQueueModule,
      imports: [
        BullModule.forRootAsync({ inject: [APP_CONFIG], useFactory: connectionOf }),
        // Only for who sends: one that nobody listens to prints its errors, with the password in them. Without any
        // queue this still looks for the processor.
        BullModule.registerQueue(...(parts.sends ? [QUEUE] : [])),
        RecordingModule,
        StateModule,
      ],
      providers: [...(parts.sends ? SENDING : []), ...(parts.works ? WORKING : [])],
      exports: [
        ...(parts.sends ? [BullmqTelemetryQueue] : []),
        ...(parts.works ? [TELEMETRY_WORKER, BatchWriter] : []),
      ],
    };
  }
}

function connectionOf(config: AppConfig): QueueOptions {
  const { redisUrl } = config;
  if (redisUrl === null) throw new Error('the telemetry queue needs PROXY_REDIS_URL');
  return {
    // Its own look at the server's version and settings ends up on the console.
    connection: {
      ...(redisOptions(redisUrl) as RedisOptions),
      maxRetriesPerRequest: null,
      skipVersionCheck: true,
    },
    prefix: `${config.redisPrefix}:bullmq`,
  };
}
