import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Injectable } from '@nestjs/common';
import { GUIDE_STYLE, guidePage } from './guide-page.js';
import { storedFile, type StoredFile } from './stored-file.js';

/** Two levels below the package in `src` and in `dist` alike. */
const DOCS = fileURLToPath(new URL('../../docs', import.meta.url));

/** The documents that lie beside the program, each read and made into a page once, when first asked for. */
@Injectable()
export class GuideFiles {
  readonly style = storedFile('text/css; charset=utf-8', Buffer.from(GUIDE_STYLE));
  readonly #made = new Map<string, StoredFile>();
  #names: ReadonlySet<string> | null = null;

  /** Null for whatever is not in the list: no name can lead out of the folder. */
  page(name: string): StoredFile | null {
    this.#names ??= names();
    if (!this.#names.has(name)) return null;
    let file = this.#made.get(name);
    if (file === undefined) {
      const html = guidePage(readFileSync(join(DOCS, `${name}.md`), 'utf8'), this.#names);
      file = storedFile('text/html; charset=utf-8', Buffer.from(html));
      this.#made.set(name, file);
    }
    return file;
  }
}

function names(): Set<string> {
  try {
    return new Set(
      readdirSync(DOCS)
        .filter((name) => /^[\w-]+\.md$/.test(name))
        .map((name) => name.slice(0, -'.md'.length)),
    );
  } catch {
    return new Set(); // an installation without its documents
  }
}
