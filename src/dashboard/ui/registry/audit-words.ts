import { dollars, moment } from '../format.js';

/** Where the name of a field alone says too little, or more than the forms call it. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['providerType', 'kind'],
  ['baseUrl', 'base URL'],
  ['wireApi', 'API'],
  ['authType', 'credential'],
  ['authHeader', 'header of the key'],
  ['secret', 'API key'],
  ['credentialRef', 'variable of the key'],
  ['maxConcurrency', 'most at once'],
  ['displayName', 'shown as'],
  ['providerId', 'served by provider'],
  ['poolId', 'pool'],
  ['upstreamId', 'stands for'],
  ['digest', 'digest of the key'],
  ['prefix', 'begins with'],
  ['expiresAt', 'expires'],
  ['revokedAt', 'revoked'],
  ['createdAt', 'made'],
  ['requestsPerMinute', 'requests a minute'],
  ['tokensPerMinute', 'tokens a minute'],
  ['dailyTokens', 'tokens a day'],
  ['monthlyTokens', 'tokens a month'],
  ['dailyCost', 'cost a day'],
  ['monthlyCost', 'cost a month'],
  ['cachedInput', 'cached input'],
]);
const MICRO = 1_000_000;

/** What people call a field of a provider, an alias or a client key: `maxConcurrency` is "most at once". */
export function fieldWords(name: string): string {
  return NAMES.get(name) ?? name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** What stands in it, as the forms show it. */
export function valueWords(name: string, value: unknown): string {
  if (typeof value === 'number' && name.endsWith('At')) return moment(value);
  if (typeof value === 'number' && name.endsWith('Cost')) return dollars(value / MICRO);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(String).join(', ');
  if (name === 'prices' && typeof value === 'object' && value !== null) return pricesWords(value);
  return JSON.stringify(value);
}

/** US dollars per million tokens. */
function pricesWords(prices: object): string {
  return Object.entries(prices)
    .filter(([, price]) => price !== null)
    .map(([name, price]) => `${fieldWords(name)} $${String(price)}`)
    .join(', ');
}
