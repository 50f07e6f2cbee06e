import { Module } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import type { Logger } from '../../common/logger.js';
import { CLOCK, INSTANCE_ID, LOGGER } from '../../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { RedisService } from './redis.service.js';

/** Null where no Redis is configured. */
@Module({
  providers: [
    {
      provide: RedisService,
      inject: [APP_CONFIG, INSTANCE_ID, CLOCK, LOGGER],
      useFactory: (config: AppConfig, instanceId: string, clock: Clock, logger: Logger) =>
        config.redisUrl === null
          ? null
          : new RedisService(config.redisUrl, `${config.redisPrefix}-${instanceId}`, clock, logger),
    },
  ],
  exports: [RedisService],
})
export class RedisModule {}
