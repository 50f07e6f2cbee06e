import { ConfigError } from '../config/config-error.js';
import { EXIT } from './exit-code.js';
import { listenFailure } from './listen-failure.js';
import { readConfig } from './read-config.js';
import { storageFailure } from './storage-failure.js';

/** Resolves to null once the server listens: from then on signals end the process. */
export async function serveCommand(args: readonly string[]): Promise<number | null> {
  if (args.length > 0) {
    process.stderr.write(`serve takes no arguments; it is configured by environment variables.\n`);
    return EXIT.usage;
  }
  // Whatever is written from here on holds prompts and answers, libraries' files included.
  process.umask(0o077);
  const config = readConfig();
  if (config === null) return EXIT.config;
  try {
    // Nest and its adapters are loaded only for a configuration that can be used.
    const { serve } = await import('../main.js');
    await serve(config);
    return null;
  } catch (e: unknown) {
    if (e instanceof ConfigError) {
      process.stderr.write(`${e.message}\n`);
      return EXIT.config;
    }
    const message = listenFailure(e, config.server) ?? storageFailure(e, config);
    if (message === null) throw e;
    process.stderr.write(`${message}\n`);
    return EXIT.failed;
  }
}
