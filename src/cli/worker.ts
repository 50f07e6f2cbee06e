import { EXIT } from './exit-code.js';

export function workerCommand(): Promise<number> {
  process.stderr.write(
    'A separate worker shares its queue with the proxy through Redis and needs PROXY_REDIS_URL; this version has no ' +
      'Redis support yet. Start only `responses-proxy serve`: it writes the history itself.\n',
  );
  return Promise.resolve(EXIT.usage);
}
