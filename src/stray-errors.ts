import type { Logger } from './common/logger.js';

/**
 * An error nobody caught must not take other people's streams with it: it is logged as the bug it is and the process
 * lives. Every exchange has its own time limits, so nothing it leaves behind stays for long.
 */
export function surviveStrayErrors(logger: Logger): void {
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'unhandled rejection'));
  process.on('uncaughtException', (error) => logger.error({ err: error }, 'uncaught exception'));
}
