import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import type { Logger } from 'pino';
import type { DrainState } from './common/drain-state.js';
import type { LiveEventsService } from './admin/live-events.service.js';
import type { ProxyHandler } from './proxy/proxy-handler.service.js';
import type { Member } from './cluster/member.js';
import { bounded } from './infra/redis/bounded.js';
import { TelemetryLifecycle } from './usage/telemetry-lifecycle.js';

const POLL_MS = 50;
/** How long after it left the deal what it had taken is still served: its requests may not have been read. */
const TAKEN_MS = 500;
/** Connections that cannot say goodbye to a server that is away are cut by the end of the process. */
const CLOSE_MS = 3_000;

interface Draining {
  readonly app: INestApplication;
  readonly drain: DrainState;
  readonly handler: ProxyHandler;
  readonly liveEvents: LiveEventsService;
  readonly logger: Logger;
  /** Null where it is the only process on its port. */
  readonly member: Member | null;
  /** How long new requests are still served after the signal. */
  readonly delayMs: number;
  readonly limitMs: number;
}

/**
 * SIGTERM and SIGINT: `/readyz` says no at once, new requests are refused after the delay (the listener stays, so that it
 * can say why), running exchanges finish within the limit, then what is left is ended visibly, records are flushed and
 * the process exits 0. A second signal skips the waits. One of several processes takes that from the primary alone, as
 * terminals and some supervisors signal all of them beside it; it leaves when the primary has gone; and where others go on,
 * its listener goes first.
 */
export function drainOnSignals(parts: Draining): void {
  let hurry = false;
  const rush = (): void => void (hurry = true);
  const onSignal = (signal: string): void => {
    if (parts.drain.leaving) {
      if (parts.member === null) rush();
      return;
    }
    parts.drain.announce();
    leave(parts, signal, () => hurry).then(
      () => process.exit(0),
      (error: unknown) => {
        parts.logger.error({ err: error }, 'the shutdown failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  parts.member?.onOrders(rush, () => onSignal('the primary process has gone'));
}

async function leave(parts: Draining, signal: string, hurry: () => boolean): Promise<void> {
  const { app, member, delayMs, limitMs, drain, handler, liveEvents, logger } = parts;
  // Before anything is refused: what was dealt to it and not taken yet goes to another one.
  const othersTake = member !== null && (await member.leave());
  // Its listener alone: what it has taken already may hold a request that has not been read, and is served.
  if (othersTake) NetServer.prototype.close.call(app.getHttpServer());
  if (delayMs > 0) logger.info({ signal, delay_ms: delayMs }, 'leaving');
  const until = performance.now() + (othersTake ? Math.max(delayMs, TAKEN_MS) : delayMs);
  while (performance.now() < until && !hurry()) await pause(POLL_MS);
  drain.begin();
  handler.drain();
  liveEvents.endAll();
  logger.info({ signal, open: handler.openExchanges, limit_ms: limitMs }, 'draining');
  await finish(parts, hurry);
}

async function finish(parts: Draining, hurry: () => boolean): Promise<void> {
  const { handler, logger } = parts;
  const server = parts.app.getHttpServer() as Server;
  const deadline = performance.now() + parts.limitMs;
  const idle = setInterval(() => server.closeIdleConnections(), POLL_MS).unref();
  while (handler.openExchanges > 0 && performance.now() < deadline && !hurry()) await pause(POLL_MS);
  const cut = handler.openExchanges;
  handler.shutdown();
  // One turn for the last events to leave before their sockets are closed under them.
  const flushed = performance.now() + 500;
  while (handler.openExchanges > 0 && performance.now() < flushed) await pause(POLL_MS);
  server.close();
  if (cut > 0) await pause(POLL_MS);
  clearInterval(idle);
  server.closeAllConnections();
  // First, and by name: no other module's end may stand in front of the records.
  await parts.app.get(TelemetryLifecycle).stop();
  await bounded(parts.app.close(), CLOSE_MS).catch(() => undefined);
  logger.info({ cut }, 'stopped');
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
