import type { Provider } from './provider.entity.js';

/** What to enter for a provider people use with the Responses API. */
export interface ProviderPreset extends Pick<
  Provider,
  'providerType' | 'name' | 'authType' | 'authHeader' | 'healthPath'
> {
  /** What is in braces is to be filled in. */
  readonly baseUrl: string;
  /** On the operator's own network: `PROXY_UPSTREAM_ALLOW_CIDRS` must name its address. */
  readonly local: boolean;
  readonly notes: string;
  readonly docsUrl: string;
}

const HOSTED = { authType: 'bearer', authHeader: null, healthPath: '/models', local: false } as const;
const LOCAL = { authType: 'none', authHeader: null, healthPath: '/models', local: true } as const;
const STATELESS =
  'It stores no responses: send the whole input each time instead of previous_response_id (Codex does).';

export const PROVIDER_PRESETS: readonly ProviderPreset[] = [
  {
    ...HOSTED,
    providerType: 'openai',
    name: 'OpenAI',
    baseUrl: 'https://api.openai.com/v1',
    notes:
      'A restricted key needs "List models" for probes to see it healthy, and write access to Responses. Keys of one organization may continue each other’s sealed reasoning: give them the same organization.',
    docsUrl: 'https://platform.openai.com/docs/api-reference/responses',
  },
  {
    ...HOSTED,
    providerType: 'azure-openai',
    name: 'Azure OpenAI',
    baseUrl: 'https://{resource}.openai.azure.com/openai/v1',
    authType: 'header',
    authHeader: 'api-key',
    notes:
      'The v1 API, without api-version. model is the name of a deployment: register an alias whose upstream_id is that name. Conversations cannot move to another resource or region.',
    docsUrl: 'https://learn.microsoft.com/azure/ai-services/openai/how-to/responses',
  },
  {
    ...HOSTED,
    providerType: 'openrouter',
    name: 'OpenRouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    notes: `Models are called vendor/model. Its list of models is public, so a probe does not prove the key. ${STATELESS}`,
    docsUrl: 'https://openrouter.ai/docs/api_reference/responses/overview',
  },
  {
    ...HOSTED,
    providerType: 'xai',
    name: 'xAI',
    baseUrl: 'https://api.x.ai/v1',
    notes: 'Stored responses are kept for 30 days.',
    docsUrl: 'https://docs.x.ai/docs/guides/chat',
  },
  {
    ...HOSTED,
    providerType: 'groq',
    name: 'Groq',
    baseUrl: 'https://api.groq.com/openai/v1',
    notes: STATELESS,
    docsUrl: 'https://console.groq.com/docs/responses-api',
  },
  {
    ...LOCAL,
    providerType: 'vllm',
    name: 'vLLM',
    baseUrl: 'http://127.0.0.1:8000/v1',
    notes:
      'Started with --api-key it wants auth_type "bearer". Port 8000 is also this proxy’s own: move one of them. Without VLLM_ENABLE_RESPONSES_API_STORE=1 it stores no responses.',
    docsUrl: 'https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html',
  },
  {
    ...LOCAL,
    providerType: 'ollama',
    name: 'Ollama',
    baseUrl: 'http://127.0.0.1:11434/v1',
    notes: `Models are those of "ollama list". ${STATELESS}`,
    docsUrl: 'https://docs.ollama.com/api/openai-compatibility',
  },
  {
    ...LOCAL,
    providerType: 'lm-studio',
    name: 'LM Studio',
    baseUrl: 'http://127.0.0.1:1234/v1',
    notes:
      'Start its server in the Developer tab or with "lms server start". With authentication required it wants auth_type "bearer".',
    docsUrl: 'https://lmstudio.ai/docs/developer/openai-compat',
  },
  {
    ...HOSTED,
    providerType: 'custom',
    name: 'Anything else that speaks the Responses API',
    baseUrl: 'https://{host}/v1',
    notes:
      'base_url is everything before /responses. A server that speaks chat completions only does not work here. Where GET /models does not exist, set health_path to a path that answers 200.',
    docsUrl: 'https://www.openresponses.org/',
  },
];
