import { Controller, Get, Header, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access } from '../common/access.js';
import { ProxyError } from '../common/errors.js';
import { DocsFiles } from './docs-files.service.js';
import { GuideFiles } from './guide-files.service.js';
import type { StoredFile } from './stored-file.js';

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
@ApiExcludeController()
@Access('public')
@Controller()
export class DocsController {
  constructor(
    private readonly files: DocsFiles,
    private readonly guide: GuideFiles,
  ) {}

  @Get('openapi.json')
  document(@Res() res: Response): void {
    const file = this.files.document();
    if (file === null) throw new ProxyError('not_found', 'The API document is not available.');
    send(res, file, 'no-cache');
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

  @Get('docs/guide.css')
  style(@Res() res: Response): void {
    send(res, this.guide.style, 'no-cache');
  }

  /** What findings link to: the documents of this version, for whoever has none at hand. */
  @Get('docs/guide/:page')
  guidePage(@Param('page') name: string, @Res() res: Response): void {
    const file = this.guide.page(name);
    if (file === null)
      throw new ProxyError('not_found', 'There is no such page here; /docs/guide/README lists them.');
    send(res, file, 'no-cache');
  }

  @Get('docs/:file')
  asset(@Param('file') name: string, @Res() res: Response): void {
    const file = this.files.asset(name);
    if (file === null) throw new ProxyError('not_found', 'There is no such file here.');
    send(res, file, 'public, max-age=3600');
  }
}

/** With the tag set, Express computes none and answers 304 to whoever has the file already. */
function send(res: Response, file: StoredFile, cacheControl: string): void {
  res.set({ 'content-type': file.type, 'cache-control': cacheControl, etag: file.etag }).send(file.content);
}
