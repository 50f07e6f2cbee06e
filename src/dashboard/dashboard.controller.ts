import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access } from '../common/access.js';
import { ProxyError } from '../common/errors.js';
import { DashboardFiles } from './dashboard-files.service.js';

const NOT_BUILT =
  'The dashboard has not been built: run "npm run build" and reload. Everything else works; GET /docs lists it.\n';

/** The page itself holds no data, so everybody may load it; what it shows comes from /admin, which has its guard. */
@ApiExcludeController()
@Access('public')
@Controller()
export class DashboardController {
  constructor(private readonly files: DashboardFiles) {}

  @Get()
  page(@Res() res: Response): void {
    const index = this.files.index();
    if (index === null) {
      res.status(503).type('text/plain').set('cache-control', 'no-store').send(NOT_BUILT);
      return;
    }
    res.set({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' }).send(index);
  }

  /** Names carry a hash of their content, so they never change. */
  @Get('assets/:name')
  asset(@Param('name') name: string, @Res() res: Response): void {
    const file = this.files.asset(name);
    if (file === null) throw new ProxyError('not_found', 'There is no such file here.');
    res
      .set({ 'content-type': file.type, 'cache-control': 'public, max-age=31536000, immutable' })
      .send(file.content);
  }
}
