import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { configureAdmin } from './admin/admin.setup.js';
import { LiveEventsService } from './admin/live-events.service.js';
import { AppAdapter } from './app.adapter.js';
import { AppModule } from './app.module.js';
import { Balancer } from './balancer/balancer.service.js';
import { DrainState } from './common/drain-state.js';
import { newId } from './common/ids.js';
import type { Member } from './cluster/member.js';
import { NestLogger } from './common/nest-logger.js';
import type { AppConfig } from './config/app-config.js';
import { forgetLastEnd } from './diagnosis/last-end.js';
import { DatabaseService } from './infra/database/database.service.js';
import { MetricsService } from './infra/metrics/metrics.service.js';
import { KeyUsageFollower } from './proxy/limits/key-usage-follower.service.js';
import { ProxyHandler } from './proxy/proxy-handler.service.js';
import { ProviderDirectory } from './registry/provider-directory.service.js';
import { RegistryStore } from './registry/registry-store.service.js';
import { ResourceRegistry } from './resources/resource-registry.service.js';
import { drainOnSignals } from './shutdown.js';
import { RecordedBindings } from './state/recorded-bindings.js';
import { checkStoredSecrets } from './stored-secrets.js';
import { surviveStrayErrors } from './stray-errors.js';
import { AffinityReadModel } from './usage/affinity.read-model.js';
import { FileSpool } from './usage/file-spool.js';
import { OrphanedBindings } from './usage/orphaned-bindings.js';
import { TelemetryLifecycle } from './usage/telemetry-lifecycle.js';

/** Longest the start waits for records of a dead predecessor; the rest is replayed while traffic already flows. */
const ADOPTION_PATIENCE_MS = 2_000;

/**
 * Starts the API process; resolves to its number of keys when it listens. Throws when it cannot: bad database, port in
 * use. `member`: it is one of several on the port.
 */
export async function serve(config: AppConfig, logger: Logger, member: Member | null): Promise<number> {
  const adapter = new AppAdapter(config.server);
  const module = AppModule.forRoot(config, logger, newId('inst', Date.now()));
  const app = await NestFactory.create<NestExpressApplication>(module, adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: new NestLogger(logger),
  });
  configureAdmin(app);
  surviveStrayErrors(logger);
  await app.get(DatabaseService).connect();
  await app.get(RegistryStore).start();
  checkStoredSecrets(
    app.get(RegistryStore).rows.providers,
    app.get(ProviderDirectory).cipher,
    config.registryRouting,
    logger,
  );
  await app.get(ResourceRegistry).load();
  await restoreMemory(app, config, logger);
  // Behind what predecessors left behind: budgets know of it then.
  await app.get(KeyUsageFollower).start();
  lookIntoHistory(app);
  const handler = app.get(ProxyHandler);
  await app.init();
  adapter.hotPath = (req, res): void => handler.handle(req, res);
  adapter.upgradePath = (req, socket, head): void => handler.upgrade(req, socket, head);
  const drain = app.get(DrainState);
  const liveEvents = app.get(LiveEventsService);
  const { drainDelayMs: delayMs, drainTimeoutMs: limitMs } = config.server;
  drainOnSignals({ app, drain, handler, liveEvents, logger, member, delayMs, limitMs });
  if (member !== null) shareMetrics(member, app.get(MetricsService));
  await app.listen(config.server.port, config.server.host);
  await forgetLastEnd(config.dataDir, performance.timeOrigin);
  return app.get(ResourceRegistry).snapshot.resources.length;
}

/** A scrape reaches any of the processes and must hear of all. */
function shareMetrics(member: Member, metrics: MetricsService): void {
  metrics.registry.setDefaultLabels({ process: String(member.place) });
  metrics.all = () => member.allMetrics();
  member.tellMetrics(() => metrics.registry.metrics());
}

/** What this process has never heard of may be in the history all the same: another replica's, or older than its memory. */
function lookIntoHistory(app: NestExpressApplication): void {
  const history = app.get(AffinityReadModel);
  const [recorded, spool] = [app.get(RecordedBindings), app.get(FileSpool)];
  recorded.source = (keys, now) => history.find(keys, now);
  recorded.owedSince = () => spool.owedSince;
}

/** Brings records of a predecessor to SQL, then what was learned of keys and conversations back into memory. */
async function restoreMemory(app: NestExpressApplication, config: AppConfig, logger: Logger): Promise<void> {
  const database = app.get(DatabaseService);
  const restore = async (): Promise<void> => {
    if (!database.ready) return;
    const bindings = await app.get(AffinityReadModel).newest(config.affinity.maxEntries, Date.now());
    app.get(Balancer).restore(bindings);
  };
  const failed = (error: unknown): void =>
    logger.error({ err: error }, 'affinity could not be restored from the database');
  // What a crash has left on this disk needs no database to be known.
  app.get(Balancer).restore(await app.get(OrphanedBindings).read(config.affinity.maxEntries));
  const adopted = app.get(TelemetryLifecycle).start().then(restore).catch(failed);
  // A database that was away at the start, or comes back, knows things this process does not.
  database.onReady(() => void app.get(ResourceRegistry).load().then(restore).catch(failed));
  await Promise.race([adopted, patience(ADOPTION_PATIENCE_MS)]);
}

function patience(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
