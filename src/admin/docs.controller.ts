import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Controller, Get, Header, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access } from '../common/access.js';
import { ProxyError } from '../common/errors.js';
import { OpenApiSource } from './openapi.source.js';

/**
 * Swagger UI from the files of its own package, under the same strict policy as everything else: the page Nest would
 * make needs inline styles, this one does not.
 */
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Responses Proxy API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;
const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null });\n`;
const ASSETS = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
]);

@ApiExcludeController()
@Access('public')
@Controller()
export class DocsController {
  constructor(private readonly source: OpenApiSource) {}

  @Get('openapi.json')
  @Header('cache-control', 'no-cache')
  document(): OpenAPIObject {
    const document = this.source.document();
    if (document === null) throw new ProxyError('not_found', 'The API document is not available.');
    return document;
  }

  @Get('docs')
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('cache-control', 'no-cache')
  page(): string {
    return PAGE;
  }

  @Get('docs/start.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  @Header('cache-control', 'no-cache')
  start(): string {
    return START;
  }

  @Get('docs/:file')
  asset(@Param('file') file: string, @Res() res: Response): void {
    const type = ASSETS.get(file);
    if (type === undefined) throw new ProxyError('not_found', 'There is no such file here.');
    res.set({ 'content-type': type, 'cache-control': 'public, max-age=3600' }).send(readAsset(file));
  }
}

/** The package comes with @nestjs/swagger and is found from there. */
function readAsset(file: string): Buffer {
  const fromSwagger = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger/package.json'));
  return readFileSync(fromSwagger.resolve(`swagger-ui-dist/${file}`));
}
