import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import { AuditReadModel } from '../usage/audit.read-model.js';
import { ApiErrors } from './api-errors.js';
import { AuditListDto, AuditQuery } from './dto/audit.dto.js';

/** Only reads: what has been noted is neither changed nor removed over any route. */
@ApiTags('Registry')
@ApiBearerAuth()
@Access('admin')
@ApiErrors('invalid_parameter', 'unauthorized', 'forbidden', 'too_many_attempts', 'database_unavailable')
@Controller('admin/audit')
export class AuditController {
  constructor(private readonly entries: AuditReadModel) {}

  @Get()
  @ApiOperation({ summary: 'Who changed what in the registry and when, newest first' })
  @ApiOkResponse({ type: AuditListDto })
  async list(@Query() query: AuditQuery): Promise<AuditListDto> {
    const { rows, nextCursor } = await this.entries.list(query);
    return { audit: rows, next_cursor: nextCursor };
  }
}
