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
import type { ModelAlias } from '../registry/model-alias.entity.js';
import { ModelsService } from '../registry/models.service.js';
import { ApiErrors } from './api-errors.js';
import { authorOf } from './author.js';
import { changedModel, newModel, toModelDto } from './dto/model-mapping.js';
import { ModelChange, ModelDto, ModelListDto } from './dto/model.dto.js';
import { NoQueryDto } from './dto/no-query.dto.js';
import { ModelRoutingService } from './model-routing.service.js';

const ID = 'mdl_019a2b3c4d5e0123456789abcdef0123';

@ApiTags('Registry')
@ApiBearerAuth()
@Access('admin')
@ApiErrors('invalid_parameter', 'unauthorized', 'forbidden', 'too_many_attempts', 'database_unavailable')
@Controller('admin/models')
export class ModelsController {
  constructor(
    private readonly models: ModelsService,
    private readonly routing: ModelRoutingService,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Aliases of models, and why each cannot be served when it cannot' })
  @ApiOkResponse({ type: ModelListDto })
  list(@Query() _query: NoQueryDto): ModelListDto {
    return { models: this.models.list().map((row) => this.#shown(row)), next_cursor: null };
  }

  @Get(':id')
  @ApiOperation({ summary: 'One alias' })
  @ApiParam({ name: 'id', example: ID })
  @ApiOkResponse({ type: ModelDto })
  @ApiErrors('not_found')
  get(@Param('id') id: string, @Query() _query: NoQueryDto): ModelDto {
    return this.#shown(this.models.find(id));
  }

  @Post()
  @ApiOperation({
    summary: 'Registers an alias; it is in force at once on every replica',
    description:
      'A request whose `model` is the alias goes to its provider or pool, and nowhere else, with `upstream_id` in its place.',
  })
  @ApiCreatedResponse({ type: ModelDto })
  @ApiErrors('already_exists', 'unsupported_media_type')
  async create(
    @Body() body: ModelChange,
    @Query() _query: NoQueryDto,
    @Req() req: Request,
  ): Promise<ModelDto> {
    return this.#shown(await this.models.create(newModel(body), authorOf(req, this.config)));
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Changes an alias; fields left out stay as they are' })
  @ApiParam({ name: 'id', example: ID })
  @ApiOkResponse({ type: ModelDto })
  @ApiErrors('not_found', 'already_exists', 'unsupported_media_type')
  async change(
    @Param('id') id: string,
    @Body() body: ModelChange,
    @Query() _query: NoQueryDto,
    @Req() req: Request,
  ): Promise<ModelDto> {
    return this.#shown(await this.models.change(id, changedModel(body), authorOf(req, this.config)));
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Removes an alias; the name then passes through like any other' })
  @ApiParam({ name: 'id', example: ID })
  @ApiOkResponse({ type: ModelDto })
  @ApiErrors('not_found')
  async remove(@Param('id') id: string, @Query() _query: NoQueryDto, @Req() req: Request): Promise<ModelDto> {
    return this.#shown(await this.models.remove(id, authorOf(req, this.config)));
  }

  #shown(row: ModelAlias | null): ModelDto {
    if (row === null) throw new ProxyError('not_found', 'There is no such model.');
    return toModelDto(row, this.routing.of(row));
  }
}
