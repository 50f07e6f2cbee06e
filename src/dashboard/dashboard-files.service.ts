import { readFileSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Injectable } from '@nestjs/common';

export interface DashboardFile {
  readonly type: string;
  readonly content: Buffer;
}

const TYPES = new Map([
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.woff2', 'font/woff2'],
]);

/** Two levels below the package in `src` and in `dist` alike. */
const BUILT = fileURLToPath(new URL('../../dist/dashboard', import.meta.url));

/**
 * The built page, read into memory once: what is not in the list does not exist, so no name can lead out of the
 * folder. Looks again while nothing has been built yet.
 */
@Injectable()
export class DashboardFiles {
  #index: Buffer | null = null;
  #assets: ReadonlyMap<string, DashboardFile> = new Map();

  index(): Buffer | null {
    if (this.#index === null) this.#load();
    return this.#index;
  }

  asset(name: string): DashboardFile | null {
    if (this.#index === null) this.#load();
    return this.#assets.get(name) ?? null;
  }

  #load(): void {
    try {
      const index = readFileSync(join(BUILT, 'index.html'));
      this.#assets = new Map(
        readdirSync(join(BUILT, 'assets')).flatMap((name): [string, DashboardFile][] => {
          const type = TYPES.get(extname(name));
          return type === undefined
            ? []
            : [[name, { type, content: readFileSync(join(BUILT, 'assets', name)) }]];
        }),
      );
      this.#index = index;
    } catch {
      // Not built: the controller says so.
    }
  }
}
