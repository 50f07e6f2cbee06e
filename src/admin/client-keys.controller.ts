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
import type { ClientKey } from '../registry/client-key.entity.js';
import { ClientKeysService } from '../registry/client-keys.service.js';
import { ApiErrors } from './api-errors.js';
import { authorOf } from './author.js';
import {
  changedTerms,
  ClientKeyChange,
  ClientKeyDraft,
  ClientKeyDto,
  ClientKeyListDto,
  CreatedClientKeyDto,
  newTerms,
  toClientKeyDto,
} from './dto/client-key.dto.js';
import { KeyUseView } from './key-use-view.service.js';
import { NoQueryDto } from './dto/no-query.dto.js';

@ApiTags('Registry')
@ApiBearerAuth()
@Access('admin')
@ApiErrors('invalid_parameter', 'unauthorized', 'forbidden', 'too_many_attempts', 'database_unavailable')
@Controller('admin/keys')
export class ClientKeysController {
  constructor(
    private readonly keys: ClientKeysService,
    private readonly view: KeyUseView,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Client keys, their limits and what they have used; never the keys themselves' })
  @ApiOkResponse({ type: ClientKeyListDto })
  async list(@Query() _query: NoQueryDto): Promise<ClientKeyListDto> {
    return { keys: await this.view.list(), next_cursor: null };
  }

  @Post()
  @ApiOperation({
    summary: 'Makes a client key, and shows it this once',
    description: 'From the first key on /v1 wants one from everybody, programs on this machine included.',
  })
  @ApiCreatedResponse({ type: CreatedClientKeyDto })
  @ApiErrors('unsupported_media_type')
  async create(
    @Body() body: ClientKeyDraft,
    @Query() _query: NoQueryDto,
    @Req() req: Request,
  ): Promise<CreatedClientKeyDto> {
    const { row, key } = await this.keys.create(newTerms(body), authorOf(req, this.config));
    return Object.assign(toClientKeyDto(row), { key });
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Changes the terms of a key; fields left out stay as they are' })
  @ApiParam({ name: 'id', example: 'key_019a2b3c4d5e0123456789abcdef0123' })
  @ApiOkResponse({ type: ClientKeyDto })
  @ApiErrors('not_found', 'unsupported_media_type')
  async change(
    @Param('id') id: string,
    @Body() body: ClientKeyChange,
    @Query() _query: NoQueryDto,
    @Req() req: Request,
  ): Promise<ClientKeyDto> {
    return found(await this.keys.change(id, changedTerms(body), authorOf(req, this.config)));
  }

  @Delete(':id')
  @ApiOperation({
    summary: 'Revokes a key for good',
    description:
      'Refused on every replica within seconds; its open streams are ended. The row stays for the history.',
  })
  @ApiParam({ name: 'id', example: 'key_019a2b3c4d5e0123456789abcdef0123' })
  @ApiOkResponse({ type: ClientKeyDto })
  @ApiErrors('not_found')
  async revoke(
    @Param('id') id: string,
    @Query() _query: NoQueryDto,
    @Req() req: Request,
  ): Promise<ClientKeyDto> {
    return found(await this.keys.revoke(id, authorOf(req, this.config)));
  }
}

function found(row: ClientKey | null): ClientKeyDto {
  if (row === null) throw new ProxyError('not_found', 'There is no such client key.');
  return toClientKeyDto(row);
}
