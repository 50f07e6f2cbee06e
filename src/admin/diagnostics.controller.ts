import { Controller, Get, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import { ApiErrors } from './api-errors.js';
import { DiagnosticsService } from './diagnostics.service.js';
import { DiagnosticsDto } from './dto/diagnostics.dto.js';
import { NoQueryDto } from './dto/no-query.dto.js';

@ApiTags('Diagnosis')
@ApiBearerAuth()
@Access('telemetry')
@Controller('admin/diagnostics')
export class DiagnosticsController {
  constructor(private readonly diagnostics: DiagnosticsService) {}

  @Get()
  @ApiOperation({
    summary: 'What is wrong, why, and what to do about it',
    description:
      'The checks of `responses-proxy doctor`, as far as this process can see. Each key is asked for its models. Checks that need another place to look from are `skipped`.',
  })
  @ApiOkResponse({ type: DiagnosticsDto })
  @ApiErrors('invalid_parameter', 'unauthorized', 'too_many_attempts')
  run(@Query() _query: NoQueryDto): Promise<DiagnosticsDto> {
    return this.diagnostics.run();
  }
}
