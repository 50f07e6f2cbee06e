import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Access } from '../common/access.js';
import { ProxyError } from '../common/errors.js';
import { ModelsService } from '../registry/models.service.js';
import { PROVIDER_PRESETS } from '../registry/provider-presets.js';
import { ProvidersService } from '../registry/providers.service.js';
import { ApiErrors } from './api-errors.js';
import { newModel } from './dto/model-mapping.js';
import { NoQueryDto } from './dto/no-query.dto.js';
import { newProvider, ProviderDraft } from './dto/provider.dto.js';
import {
  ModelTest,
  ModelTrialDto,
  ProviderPresetListDto,
  ProviderTrialDto,
  toModelTrialDto,
  toPresetDto,
  toTrialDto,
} from './dto/trial.dto.js';
import { ModelTrialService } from './model-trial.service.js';
import { ProviderTrialService } from './provider-trial.service.js';
import { complete } from './providers.controller.js';

/** What can be known before anything is stored. */
@ApiTags('Registry')
@ApiBearerAuth()
@Access('admin')
@ApiErrors('invalid_parameter', 'unauthorized', 'forbidden', 'too_many_attempts')
@Controller('admin')
export class RegistryTrialsController {
  constructor(
    private readonly providers: ProvidersService,
    private readonly models: ModelsService,
    private readonly providerTrial: ProviderTrialService,
    private readonly modelTrial: ModelTrialService,
  ) {}

  @Get('provider-presets')
  @ApiOperation({ summary: 'What to enter for the providers people use with the Responses API' })
  @ApiOkResponse({ type: ProviderPresetListDto })
  presets(@Query() _query: NoQueryDto): ProviderPresetListDto {
    return { presets: PROVIDER_PRESETS.map(toPresetDto), next_cursor: null };
  }

  @Post('providers/test')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Tries a provider without saving it: what works, what does not, and why',
    description:
      'The body is a draft as for POST /admin/providers, or `id` alone for a registered one. Address rules, credential, connection, health path, list of models and an empty request to /responses, which runs no model, are tried within ten seconds.',
  })
  @ApiOkResponse({ type: ProviderTrialDto })
  @ApiErrors('not_found', 'unsupported_media_type')
  async testProvider(@Body() body: ProviderDraft, @Query() _query: NoQueryDto): Promise<ProviderTrialDto> {
    const id = idAlone(body);
    if (id === null) {
      const draft = complete(Object.assign(body, { name: body.name ?? 'draft' }));
      return toTrialDto(await this.providerTrial.tryDraft(body.id ?? null, newProvider(draft)));
    }
    const row = this.providers.find(id);
    if (row === null) throw new ProxyError('not_found', 'There is no such provider.');
    return toTrialDto(await this.providerTrial.tryStored(row));
  }

  @Post('models/test')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Says where an alias would go, and whether the upstreams there list its model',
    description: 'The body is a draft as for POST /admin/models, or `id` alone for a registered one.',
  })
  @ApiOkResponse({ type: ModelTrialDto })
  @ApiErrors('not_found', 'unsupported_media_type')
  async testModel(@Body() body: ModelTest, @Query() _query: NoQueryDto): Promise<ModelTrialDto> {
    const id = idAlone(body);
    const row = id === null ? null : this.models.find(id);
    if (id !== null && row === null) throw new ProxyError('not_found', 'There is no such model.');
    const trial =
      row === null ? await this.modelTrial.tryDraft(newModel(body)) : await this.modelTrial.try(row);
    return toModelTrialDto(trial.steps, trial.targets);
  }
}

/** With anything beside it the body is a draft: no stored key is sent to an address that somebody has just entered. */
function idAlone(body: ProviderDraft | ModelTest): string | null {
  const given = Object.entries(body).filter(([, value]) => value !== undefined);
  return given.length === 1 && body.id !== undefined ? body.id : null;
}
