import { Inject, Injectable } from '@nestjs/common';
import { ProxyError } from '../common/errors.js';
import { Secret } from '../common/secret.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { checkBaseUrl } from '../registry/base-url.js';
import { ProviderDirectory } from '../registry/provider-directory.service.js';
import type { Provider } from '../registry/provider.entity.js';
import { checkProviderId, type ProviderTerms, settleTerms } from '../registry/provider-terms.js';
import { providerResource } from '../resources/provider-resource.js';
import type { Resource } from '../resources/resource.js';
import type { TrialAnswer } from '../upstream/trial-sink.js';
import { UpstreamClient } from '../upstream/upstream-client.js';
import { askTogether } from './ask-together.js';
import { EMPTY_REQUEST, type EmptyAnswers, responsesStep } from './responses-step.js';
import { answerSteps, fails, modelsStep, skipped, type TrialStep, works } from './trial-steps.js';

/** Of everything together, below the ten seconds that are promised. */
const LIMIT_MS = 9_000;
const LIST_PATH = '/models';
const RESPONSES_PATH = '/responses';
const AFTERWARDS = ['connection', 'authorization', 'health_path', 'models', 'responses'];

/** Tries a provider as it would be used, and stores nothing. */
@Injectable()
export class ProviderTrialService {
  constructor(
    private readonly directory: ProviderDirectory,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  /** Throws `invalid_parameter` for what is wrong with the request and not with the provider. */
  async tryDraft(id: string | null, terms: ProviderTerms): Promise<TrialStep[]> {
    if (id !== null) checkProviderId(id);
    const settled = this.#settle(terms);
    if (Array.isArray(settled)) return settled;
    const { apiKey, ...kept } = settled;
    const row: Provider = { ...kept, id: id ?? 'draft', secret: null, createdAt: 0, updatedAt: 0 };
    const key = typeof apiKey === 'string' ? new Secret(apiKey) : this.#keyOf(row);
    const steps = await this.#try(row, key);
    const unstorable = typeof apiKey === 'string' && this.directory.cipher === null;
    return unstorable ? [...steps, UNSTORABLE] : steps;
  }

  async tryStored(row: Provider): Promise<TrialStep[]> {
    const checked = checkBaseUrl(row.baseUrl, this.directory.rules);
    if (!checked.ok) return refusedUrl(checked.problem);
    return this.#try(row, this.#keyOf(row));
  }

  /** The terms as they would be stored, or the steps that say why they would not. */
  #settle(terms: ProviderTerms): ProviderTerms | TrialStep[] {
    try {
      return settleTerms(terms, null, this.directory.rules, this.directory.variablePrefixes);
    } catch (e: unknown) {
      if (!(e instanceof ProxyError)) throw e;
      return e.options.param === 'base_url'
        ? refusedUrl(e.message)
        : noCredential(e.message, `Correct ${e.options.param ?? 'the credential'}.`);
    }
  }

  #keyOf(row: Provider): Secret | string {
    try {
      return this.directory.keyOf(row);
    } catch (e: unknown) {
      return e instanceof Error ? e.message : String(e);
    }
  }

  async #try(row: Provider, key: Secret | string): Promise<TrialStep[]> {
    if (typeof key === 'string')
      return noCredential(key, 'Set api_key, or credential_ref to a variable of this process (env:NAME).');
    const resource = providerResource(row, key, this.config.health.path);
    const { healthPath } = resource;
    const keyless = { ...resource, auth: null };
    // Connections of its own: none that another attempt has opened, and none that stays.
    const client = new UpstreamClient(this.config.upstream);
    const asking = (one: Resource, path: string, body?: Buffer) => (limitMs: number) =>
      client.ask(one, path, limitMs, body);
    const keyed = resource.auth !== null;
    try {
      const { answer, other, openly, given, unsigned } = await askTogether(LIMIT_MS, {
        answer: asking(resource, healthPath),
        other: healthPath === LIST_PATH ? null : asking(resource, LIST_PATH),
        openly: keyed ? asking(keyless, healthPath) : null,
        given: asking(resource, RESPONSES_PATH, EMPTY_REQUEST),
        unsigned: keyed ? asking(keyless, RESPONSES_PATH, EMPTY_REQUEST) : null,
      });
      // A public list is no proof of the key, nor is one of which nobody knows whether it is public.
      const provesKey = !answered(answer) || openly === null || refused(openly);
      const steps = [
        works('base_url', `${row.baseUrl} may be connected to.`),
        works('credential', row.authType === 'none' ? 'None is sent.' : 'There is one.'),
        ...answerSteps(answer, row.baseUrl + healthPath, row.authType, provesKey),
      ];
      if (answer.status === null)
        return [...steps, ...['models', 'responses'].map((step) => skipped(step, 'There was no answer.'))];
      const empty: EmptyAnswers = { given, keyless: provesKey ? null : unsigned };
      return [
        ...steps,
        modelsStep(other ?? answer, row.baseUrl + LIST_PATH),
        responsesStep(empty, row.baseUrl + RESPONSES_PATH, keyed),
      ];
    } finally {
      await client.close();
    }
  }
}

function refused({ status }: TrialAnswer): boolean {
  return status === 401 || status === 403;
}

function answered({ status }: TrialAnswer): boolean {
  return status !== null && status >= 200 && status < 300;
}

const UNSTORABLE = fails(
  'storage',
  'The key cannot be stored: there is no PROXY_SECRET_ENCRYPTION_KEY.',
  'Set PROXY_SECRET_ENCRYPTION_KEY before registering inline API keys, or use credential_ref (env:NAME).',
);

function refusedUrl(problem: string): TrialStep[] {
  return [
    fails('base_url', problem, 'Correct base_url; nothing was connected to.'),
    skipped('credential', 'Nothing is sent to this address.'),
    ...AFTERWARDS.map((step) => skipped(step, 'Nothing is sent to this address.')),
  ];
}

function noCredential(problem: string, fix: string): TrialStep[] {
  return [
    works('base_url', 'It may be connected to.'),
    fails('credential', problem, fix),
    ...AFTERWARDS.map((step) => skipped(step, 'Nothing is sent without a credential.')),
  ];
}
