import { isToken } from './env-checks.js';
import { Text } from './env-variable.js';

const KEY = 'visible ASCII characters without blanks or quotes around them';
const isKey = (text: string): boolean => isToken(text) && !/^["']|["']$/.test(text);
const isKeyList = (text: string): boolean =>
  text.split(',').every((element) => element.trim() === '' || isKey(element.trim()));

/** The upstream keys and what is known about each. Lists are read by `env-keys.ts`, position by position. */
export class ResourceEnv {
  @Text({ default: null, accepted: KEY, check: isKey, secret: true, meaning: 'One upstream key.' })
  readonly OPENAI_API_KEY!: string | null;

  @Text({
    default: null,
    accepted: `a comma-separated list of keys: ${KEY}`,
    check: isKeyList,
    secret: true,
    meaning: 'Several upstream keys, comma-separated; added after `OPENAI_API_KEY`, duplicates count once.',
  })
  readonly OPENAI_API_KEYS!: string | null;

  @Text({
    default: null,
    accepted: 'a comma-separated list of numbers greater than 0, one for each key',
    check: (text) => text.split(',').every((element) => isWeight(element.trim())),
    meaning:
      'Capacity of each key relative to the others, by position, such as `1,2`; 1 when unset. The next request goes ' +
      'where (in flight + 1) / weight is least, so that an idle proxy prefers the heaviest.',
  })
  readonly OPENAI_RESOURCE_WEIGHTS!: string | null;

  @Text({
    default: null,
    accepted: 'a whole number from 1 to 1000000, or a comma-separated list of them, one for each key',
    check: (text) => text.split(',').every((element) => element.trim() === '' || isCap(element.trim())),
    meaning:
      'Most requests in flight on a key, all replicas together: one number for every key, or one each by position, ' +
      'such as `32,,8`; an empty place is no cap, as is the variable unset. What finds no place waits for one.',
  })
  readonly OPENAI_RESOURCE_MAX_CONCURRENCY!: string | null;

  @Text({
    default: null,
    accepted: 'one pool name without blanks or commas, at most 128 characters',
    check: (text) => isLabel(text) && !text.includes(','),
    meaning: 'Pool of all keys.',
  })
  readonly OPENAI_RESOURCE_POOL_ID!: string | null;

  @Text({
    default: null,
    accepted: 'a comma-separated list of pool names without blanks, one for each key',
    check: isLabelList,
    meaning: 'Pool of each key, by position, such as `a,b,b`; an empty place is no pool.',
  })
  readonly OPENAI_RESOURCE_POOL_IDS!: string | null;

  @Text({
    default: null,
    accepted: 'a comma-separated list of labels without blanks, one for each key',
    check: isLabelList,
    meaning:
      'Organisation of each key, by position; keys of one organisation continue each other’s conversations. Learned from answers when unset.',
  })
  readonly OPENAI_RESOURCE_ORGANIZATIONS!: string | null;
}

/** `OPENAI_API_KEY_1`, `OPENAI_API_KEY_2`, …: any whole number, gaps allowed. */
export const NUMBERED_KEY = /^OPENAI_API_KEY_([1-9]\d{0,5})$/;

export const NUMBERED_KEY_VARIABLE = {
  name: 'OPENAI_API_KEY_1…N',
  default: null,
  meaning: 'Several upstream keys, one a variable; added last, in the order of their numbers.',
  accepted: KEY,
  secret: true,
};

export function isWellFormedKey(text: string): boolean {
  return isKey(text);
}

function isWeight(text: string): boolean {
  return /^\d{1,6}(\.\d{1,6})?$/.test(text) && Number(text) > 0;
}

function isCap(text: string): boolean {
  return /^[1-9]\d{0,6}$/.test(text) && Number(text) <= 1_000_000;
}

function isLabel(text: string): boolean {
  return text.length <= 128 && isToken(text);
}

function isLabelList(text: string): boolean {
  return text.split(',').every((element) => element.trim() === '' || isLabel(element.trim()));
}
