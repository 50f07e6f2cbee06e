import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { DrainState } from './common/drain-state.js';
import { newId } from './common/ids.js';
import { createLogger } from './common/logger.js';
import { NestLogger } from './common/nest-logger.js';
import { bounded } from './infra/redis/bounded.js';
import type { AppConfig } from './config/app-config.js';
import { DatabaseService } from './infra/database/database.service.js';
import { surviveStrayErrors } from './stray-errors.js';
import { TELEMETRY_WORKER, type TelemetryWorker } from './usage/telemetry-worker.js';
import { WorkerModule } from './worker.module.js';

/** Connections that cannot say goodbye to a server that is away are cut by the end of the process. */
const CLOSE_MS = 3_000;

/** Starts a worker; resolves when it takes batches, or would if it could reach them. Throws when it cannot start. */
export async function work(config: AppConfig): Promise<void> {
  const logger = createLogger(config.logLevel);
  const module = WorkerModule.forRoot(config, logger, newId('inst', Date.now()));
  const app = await NestFactory.create<NestExpressApplication>(module, {
    bodyParser: false,
    abortOnError: false,
    logger: new NestLogger(logger),
  });
  app.disable('x-powered-by');
  surviveStrayErrors(logger);
  await app.get(DatabaseService).connect();
  await app.init();
  stopOnSignals(app, logger);
  const { port } = config.worker;
  if (port !== null) await app.listen(port, config.server.host);
  logger.info({ port }, 'worker started');
}

/** SIGTERM and SIGINT: the batch in hand is finished and no other one begun. A second signal does not wait for it. */
function stopOnSignals(app: NestExpressApplication, logger: Logger): void {
  const drain = app.get(DrainState);
  const onSignal = (signal: NodeJS.Signals): void => {
    // Whatever is left is run again elsewhere: a batch written twice is written once.
    if (drain.draining) process.exit(0);
    drain.begin();
    logger.info({ signal }, 'stopping after the batch in hand');
    stop(app).then(
      () => {
        logger.info('stopped');
        process.exit(0);
      },
      (error: unknown) => {
        logger.error({ err: error }, 'the shutdown failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

async function stop(app: NestExpressApplication): Promise<void> {
  await app.get<TelemetryWorker>(TELEMETRY_WORKER, { strict: false }).stop();
  await bounded(app.close(), CLOSE_MS).catch(() => undefined);
  await app.get(DatabaseService).close();
}
