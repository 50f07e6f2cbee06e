import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Controller, Get, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiParam, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Access } from '../common/access.js';
import type { Clock } from '../common/clock.js';
import { ProxyError } from '../common/errors.js';
import { CLOCK } from '../common/tokens.js';
import { EXPORT_COLUMNS, type ExportSubject } from '../usage/export-columns.js';
import { ExportReadModel } from '../usage/export.read-model.js';
import { ApiErrors } from './api-errors.js';
import { csvLine } from './csv.js';
import { ExportQuery } from './dto/export-query.dto.js';
import { sinceParameter } from './since.js';

type Row = Readonly<Record<string, unknown>>;

const SUBJECTS = Object.keys(EXPORT_COLUMNS) as ExportSubject[];
const TYPES = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
};

/** Everything of a kind in one answer, as long as it is; no slower reader costs memory. */
@ApiTags('History')
@ApiBearerAuth()
@Access('telemetry')
@ApiErrors('invalid_parameter', 'unauthorized', 'too_many_attempts', 'database_unavailable')
@Controller('admin/export')
export class ExportController {
  constructor(
    private readonly history: ExportReadModel,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get(':subject')
  @ApiOperation({
    summary:
      'Requests, sessions, decisions or usage as NDJSON or CSV, newest first (sessions by id); never bodies',
    description: 'An answer that breaks off is not complete: its connection is cut rather than ended.',
  })
  @ApiParam({ name: 'subject', enum: SUBJECTS, example: 'requests' })
  @ApiProduces('application/x-ndjson', 'text/csv')
  @ApiOkResponse({
    description: 'One JSON value per line, or CSV after RFC 4180 with a header',
    content: {
      'application/x-ndjson': {
        schema: { type: 'string' },
        example: '{"id":"req_019a…","state":"completed"}\n',
      },
      'text/csv': { schema: { type: 'string' }, example: 'id,started_at\r\nreq_019a…,1795410000000\r\n' },
    },
  })
  @ApiErrors('not_found')
  async export(
    @Param('subject') name: string,
    @Query() query: ExportQuery,
    @Res() res: Response,
  ): Promise<void> {
    const subject = SUBJECTS.find((one) => one === name);
    if (subject === undefined)
      throw new ProxyError('not_found', `What can be exported: ${SUBJECTS.join(', ')}.`);
    const since = sinceParameter(query.since, this.clock.now());
    const pages = this.history.pages(subject, { since, groupBy: query.group_by });
    // Asked for before the head is sent: a database that is away is still a 503.
    const first = await pages.next();
    res.status(200).set({
      'content-type': TYPES[query.format],
      'content-disposition': `attachment; filename="${subject}.${query.format}"`,
      'cache-control': 'no-store',
    });
    if (res.req.method === 'HEAD') {
      await pages.return(undefined);
      res.end();
      return;
    }
    const text = query.format === 'csv' ? asCsv(EXPORT_COLUMNS[subject]) : asNdjson;
    const body = texts(first.done === true ? [] : first.value, pages, text);
    try {
      // One page ahead of the reader, not sixteen.
      await pipeline(Readable.from(body, { highWaterMark: 1 }), res);
    } catch {
      // The reader is gone, or the database: the pipeline has cut the connection, and a cut answer is told from a whole one.
    }
  }
}

interface Rendering {
  readonly head: string;
  readonly line: (row: Row) => string;
}

const asNdjson: Rendering = { head: '', line: (row) => `${JSON.stringify(row)}\n` };

function asCsv(columns: readonly string[]): Rendering {
  return { head: csvLine(columns), line: (row) => csvLine(columns.map((column) => row[column])) };
}

async function* texts(
  first: readonly Row[],
  rest: AsyncGenerator<readonly Row[]>,
  { head, line }: Rendering,
): AsyncGenerator<string> {
  try {
    yield head + first.map(line).join('');
    for await (const rows of rest) yield rows.map(line).join('');
  } finally {
    await rest.return(undefined);
  }
}
