import { EXIT } from './exit-code.js';
import { packageVersion } from './package-version.js';

export function versionCommand(): Promise<number> {
  process.stdout.write(`${packageVersion()}\n`);
  return Promise.resolve(EXIT.ok);
}
