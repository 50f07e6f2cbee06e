import { Body, Controller, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Balancer } from '../balancer/balancer.service.js';
import { RoutingRefusal } from '../balancer/routing-refusal.js';
import { Access } from '../common/access.js';
import { ModelDirectory } from '../registry/model-directory.service.js';
import { ApiErrors } from './api-errors.js';
import { DecisionDto, toDecisionDto } from './dto/decision.dto.js';
import { NoQueryDto } from './dto/no-query.dto.js';
import { RouteExplainBody } from './dto/route-explain.dto.js';
import { imaginedHints } from './imagined-hints.js';

@ApiTags('Diagnosis')
@ApiBearerAuth()
@Access('telemetry')
@Controller('admin/route')
export class RouteExplainController {
  constructor(
    private readonly balancer: Balancer,
    private readonly models: ModelDirectory,
  ) {}

  @Post('explain')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Where a request would go now, and why nowhere else',
    description:
      'The decision that the router would make, from the same code and in the same form as the stored ones. Nothing is sent, counted, bound or recorded.',
  })
  @ApiOkResponse({ type: DecisionDto })
  @ApiErrors('invalid_parameter', 'unauthorized', 'forbidden', 'unsupported_media_type', 'too_many_attempts')
  async explain(@Body() body: RouteExplainBody, @Query() _query: NoQueryDto): Promise<DecisionDto> {
    const hints = imaginedHints(body, this.models.pinOf(body.model ?? null));
    try {
      await this.balancer.recall(hints);
    } catch (error: unknown) {
      if (error instanceof RoutingRefusal) return toDecisionDto(error.decision);
      throw error;
    }
    return toDecisionDto(this.balancer.explain(hints));
  }
}
