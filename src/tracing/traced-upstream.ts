import {
  GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI,
  GEN_AI_PROVIDER_NAME_VALUE_GROQ,
  GEN_AI_PROVIDER_NAME_VALUE_OPENAI,
  GEN_AI_PROVIDER_NAME_VALUE_X_AI,
} from '@opentelemetry/semantic-conventions/incubating';
import type { Resource } from '../resources/resource.js';
import type { TracedUpstream } from './span-plan.js';

/** Where the conventions have a name that is not the preset's. What speaks OpenAI's API and says no more is `openai`. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['azure-openai', GEN_AI_PROVIDER_NAME_VALUE_AZURE_AI_OPENAI],
  ['groq', GEN_AI_PROVIDER_NAME_VALUE_GROQ],
  ['xai', GEN_AI_PROVIDER_NAME_VALUE_X_AI],
  ['custom', GEN_AI_PROVIDER_NAME_VALUE_OPENAI],
]);
const AZURE_HOST = /\.(?:openai|cognitiveservices|services\.ai)\.azure\.com$/;

/** What a span may tell of an upstream. Null when its address is none. */
export function tracedUpstream({
  baseUrl,
  providerType,
}: Pick<Resource, 'baseUrl' | 'providerType'>): TracedUpstream | null {
  if (!URL.canParse(baseUrl)) return null;
  const { hostname, port, protocol, host, pathname } = new URL(baseUrl);
  const generic = providerType === null || providerType === 'custom';
  const type = generic && AZURE_HOST.test(hostname) ? 'azure-openai' : (providerType ?? 'openai');
  return {
    host: hostname,
    port: Number(port) || (protocol === 'https:' ? 443 : 80),
    baseUrl: `${protocol}//${host}${pathname.replace(/\/$/, '')}`,
    providerName: NAMES.get(type) ?? type,
  };
}
