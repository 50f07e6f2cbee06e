import { createLogger } from '../common/logger.js';
import type { AppConfig } from '../config/app-config.js';
import { ConfigError } from '../config/config-error.js';
import { loadConfig } from '../config/load-config.js';
import { processEnvironment } from '../config/process-environment.js';
import { dataDirectoryWarning } from '../config/data-directory.js';
import { packageVersion } from './package-version.js';

/** The configuration of a process that runs, or null: what is wrong has then been said. Warnings go to the log if asked. */
export function readConfig(say = { warn: true }): AppConfig | null {
  try {
    const config = loadConfig(processEnvironment(), packageVersion());
    if (say.warn) warn(config);
    return config;
  } catch (e: unknown) {
    if (!(e instanceof ConfigError)) throw e;
    process.stderr.write(`${e.message}\n`);
    return null;
  }
}

function warn(config: AppConfig): void {
  const logger = createLogger(config.logLevel);
  const openDirectory = dataDirectoryWarning(config.dataDir);
  if (openDirectory !== null) logger.warn({ event: 'data_dir.open' }, openDirectory);
  for (const warning of config.warnings) logger.warn({ event: 'config.warning' }, warning);
}
