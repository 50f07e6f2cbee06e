import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Injectable } from '@nestjs/common';
import { OpenApiSource } from './openapi.source.js';
import { storedFile, type StoredFile } from './stored-file.js';

const TYPES = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
]);

/** What `/docs` and `/openapi.json` answer with, each made once, when first asked for. */
@Injectable()
export class DocsFiles {
  readonly #assets = new Map<string, StoredFile>();
  #document: StoredFile | null = null;

  constructor(private readonly source: OpenApiSource) {}

  document(): StoredFile | null {
    if (this.#document !== null) return this.#document;
    const document = this.source.document();
    if (document === null) return null;
    this.#document = storedFile('application/json; charset=utf-8', Buffer.from(JSON.stringify(document)));
    return this.#document;
  }

  /** Null for whatever is not in the list: no name can lead out of the package. */
  asset(name: string): StoredFile | null {
    const type = TYPES.get(name);
    if (type === undefined) return null;
    let file = this.#assets.get(name);
    if (file === undefined) {
      file = storedFile(type, readAsset(name));
      this.#assets.set(name, file);
    }
    return file;
  }
}

/** The package comes with @nestjs/swagger and is found from there. */
function readAsset(file: string): Buffer {
  const fromSwagger = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger/package.json'));
  return readFileSync(fromSwagger.resolve(`swagger-ui-dist/${file}`));
}
