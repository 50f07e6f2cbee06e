import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { configureAdmin } from '../../src/admin/admin.setup.js';
import { AppAdapter } from '../../src/app.adapter.js';
import { AppModule } from '../../src/app.module.js';
import { createLogger } from '../../src/common/logger.js';
import { loadConfig } from '../../src/config/load-config.js';
import { DatabaseService } from '../../src/infra/database/database.service.js';

export interface AdminApp {
  readonly app: NestExpressApplication;
  readonly url: string;
  close(): Promise<void>;
}

/** The whole application in this process, on a free port and a database of its own. */
export async function startAdminApp(env: Readonly<Record<string, string>> = {}): Promise<AdminApp> {
  const dataDir = mkdtempSync(join(tmpdir(), 'rpx-admin-'));
  const config = loadConfig(
    { PROXY_DATA_DIR: dataDir, PROXY_SQLITE_URL: `sqlite:///${dataDir}/proxy.sqlite3`, ...env },
    '0.0.0-test',
  );
  const module = AppModule.forRoot(config, createLogger('silent'), 'inst_test');
  const app = await NestFactory.create<NestExpressApplication>(module, new AppAdapter(config.server), {
    bodyParser: false,
    abortOnError: false,
    logger: false,
  });
  configureAdmin(app);
  await app.get(DatabaseService).connect();
  await app.listen(0, env['HOST'] ?? '127.0.0.1');
  const { port } = app.getHttpServer().address() as { port: number };
  return {
    app,
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      await app.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
