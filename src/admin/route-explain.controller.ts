import { Body, Controller, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import { ApiErrors } from './api-errors.js';
import { toDecisionDto } from './dto/decision.dto.js';
import { NoQueryDto } from './dto/no-query.dto.js';
import { RouteExplainBody, RouteExplanationDto } from './dto/route-explain.dto.js';
import { ImaginedRouteService } from './imagined-route.service.js';

@ApiTags('Diagnosis')
@ApiBearerAuth()
@Access('telemetry')
@Controller('admin/route')
export class RouteExplainController {
  constructor(private readonly route: ImaginedRouteService) {}

  @Post('explain')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Where a request would go now, and why nowhere else',
    description:
      'The decision that the router would make, from the same code and in the same form as the stored ones, and of an alias what each of its fallbacks would come to. With a client key also what that would be refused. Nothing is sent, counted, bound or recorded.',
  })
  @ApiOkResponse({ type: RouteExplanationDto })
  @ApiErrors(
    'invalid_parameter',
    'unauthorized',
    'forbidden',
    'not_found',
    'unsupported_media_type',
    'too_many_attempts',
  )
  async explain(@Body() body: RouteExplainBody, @Query() _query: NoQueryDto): Promise<RouteExplanationDto> {
    const { decision, fallbacks } = await this.route.explain(body);
    return Object.assign(toDecisionDto(decision), { fallbacks });
  }
}
