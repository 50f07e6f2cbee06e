import { Inject, Module } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { APP_CONFIG } from '../config/app-config.js';
import type { AppConfig } from '../config/app-config.js';
import { UpstreamClient } from './upstream-client.js';

@Module({
  providers: [
    {
      provide: UpstreamClient,
      useFactory: (config: AppConfig) => new UpstreamClient(config.upstream),
      inject: [APP_CONFIG],
    },
  ],
  exports: [UpstreamClient],
})
export class UpstreamModule implements OnApplicationShutdown {
  constructor(@Inject(UpstreamClient) private readonly client: UpstreamClient) {}

  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }
}
