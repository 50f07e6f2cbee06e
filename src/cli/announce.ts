import type { Logger } from '../common/logger.js';
import type { AppConfig } from '../config/app-config.js';

/** The one line that says where the proxy is, and one more when it cannot do anything yet. */
export function announce(config: AppConfig, logger: Logger, resources: number): void {
  const { host, port } = config.server;
  const shown = host.includes(':') ? `[${host}]` : host;
  const base = `http://${shown}:${port}`;
  const several = config.processes > 1 ? { processes: config.processes } : {};
  logger.info(
    { dashboard: `${base}/`, base_url: `${base}/v1`, resources, ...several },
    `listening on ${base}`,
  );
  if (resources === 0) {
    logger.warn(
      'no OpenAI key is configured: set OPENAI_API_KEY (or OPENAI_API_KEYS, OPENAI_API_KEY_1…) and start again',
    );
  }
}
