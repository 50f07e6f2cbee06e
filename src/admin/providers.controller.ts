import { Body, Controller, Delete, Get, Inject, Param, Patch, Post, Query, Req } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { Request } from 'express';
import { Access } from '../common/access.js';
import { ProxyError } from '../common/errors.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { ProvidersService } from '../registry/providers.service.js';
import { ApiErrors } from './api-errors.js';
import { authorOf } from './author.js';
import { NoQueryDto } from './dto/no-query.dto.js';
import {
  changedProvider,
  newProvider,
  ProviderChange,
  ProviderDraft,
  ProviderDto,
  ProviderListDto,
  toProviderDto,
} from './dto/provider.dto.js';
import { ProviderRoutingService } from './provider-routing.service.js';

@ApiTags('Registry')
@ApiBearerAuth()
@Access('admin')
@ApiErrors('invalid_parameter', 'unauthorized', 'forbidden', 'too_many_attempts', 'database_unavailable')
@Controller('admin/providers')
export class ProvidersController {
  constructor(
    private readonly providers: ProvidersService,
    private readonly routing: ProviderRoutingService,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Registered providers, and why each gets no requests when it gets none' })
  @ApiOkResponse({ type: ProviderListDto })
  list(@Query() _query: NoQueryDto): ProviderListDto {
    const rows = this.providers.list();
    return { providers: rows.map((row) => toProviderDto(row, this.routing.of(row))), next_cursor: null };
  }

  @Get(':id')
  @ApiOperation({ summary: 'One registered provider' })
  @ApiParam({ name: 'id', example: 'team-azure' })
  @ApiOkResponse({ type: ProviderDto })
  @ApiErrors('not_found')
  get(@Param('id') id: string, @Query() _query: NoQueryDto): ProviderDto {
    return this.#shown(this.providers.find(id));
  }

  @Post()
  @ApiOperation({
    summary: 'Registers a provider; it takes requests at once on every replica',
    description:
      'With `enabled: false` it is stored only. The key is stored encrypted and never shown again.',
  })
  @ApiCreatedResponse({ type: ProviderDto })
  @ApiErrors('already_exists', 'unsupported_media_type')
  async create(
    @Body() body: ProviderDraft,
    @Query() _query: NoQueryDto,
    @Req() req: Request,
  ): Promise<ProviderDto> {
    const by = authorOf(req, this.config);
    return this.#shown(await this.providers.create(body.id ?? null, newProvider(complete(body)), by));
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Changes a provider; fields left out stay as they are',
    description: 'A new `base_url` demands the key again in the same request.',
  })
  @ApiParam({ name: 'id', example: 'team-azure' })
  @ApiOkResponse({ type: ProviderDto })
  @ApiErrors('not_found', 'already_exists', 'unsupported_media_type')
  async change(
    @Param('id') id: string,
    @Body() body: ProviderChange,
    @Query() _query: NoQueryDto,
    @Req() req: Request,
  ): Promise<ProviderDto> {
    return this.#shown(await this.providers.change(id, changedProvider(body), authorOf(req, this.config)));
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Removes a provider; requests that run there end in their own time' })
  @ApiParam({ name: 'id', example: 'team-azure' })
  @ApiOkResponse({ type: ProviderDto })
  @ApiErrors('not_found')
  async remove(
    @Param('id') id: string,
    @Query() _query: NoQueryDto,
    @Req() req: Request,
  ): Promise<ProviderDto> {
    return this.#shown(await this.providers.remove(id, authorOf(req, this.config)));
  }

  #shown(row: Parameters<typeof toProviderDto>[0] | null): ProviderDto {
    if (row === null) throw noSuchProvider();
    return toProviderDto(row, this.routing.of(row));
  }
}

function noSuchProvider(): ProxyError {
  return new ProxyError('not_found', 'There is no such provider.');
}

/** A new one has no earlier name and address to fall back on. */
export function complete(body: ProviderChange): ProviderChange & { name: string; base_url: string } {
  const { name, base_url } = body;
  if (name === undefined || name === null)
    throw new ProxyError('invalid_parameter', 'name must be given.', { param: 'name' });
  if (base_url === undefined || base_url === null)
    throw new ProxyError('invalid_parameter', 'base_url must be given.', { param: 'base_url' });
  return Object.assign(body, { name, base_url });
}
