import cluster from 'node:cluster';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { ServerConfig } from './config/app-config.js';
import { limitConnections } from './connection-count.js';
import { createProxyServer } from './proxy/http-server.js';
import type { HotPath, UpgradePath } from './proxy/http-server.js';

/** Nest's Express platform on the proxy's own server, which asks the hot path first. */
export class AppAdapter extends ExpressAdapter {
  hotPath: HotPath | null = null;
  upgradePath: UpgradePath | null = null;

  constructor(private readonly serverConfig: ServerConfig) {
    super();
  }

  override initHttpServer(): void {
    this.httpServer = createProxyServer(
      this.serverConfig,
      this.getInstance(),
      () => this.hotPath,
      () => this.upgradePath,
    );
    if (cluster.isWorker) limitConnections(this.httpServer, this.serverConfig.maxConnections);
  }
}
