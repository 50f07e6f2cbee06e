import { Injectable } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';

/** Holds how to build the OpenAPI document, which needs the finished app, and builds it once, when first asked for. */
@Injectable()
export class OpenApiSource {
  #build: (() => OpenAPIObject) | null = null;
  #document: OpenAPIObject | null = null;

  use(build: () => OpenAPIObject): void {
    this.#build = build;
    this.#document = null;
  }

  document(): OpenAPIObject | null {
    this.#document ??= this.#build?.() ?? null;
    return this.#document;
  }
}
