import { describe, expect, it } from 'vitest';
import { mayName } from './listed-alias.js';

const pin = (over: { resourceId?: string; poolId?: string } = {}) => ({
  alias: 'team',
  upstreamId: 'gpt',
  resourceId: null,
  poolId: null,
  ...over,
});
const key = (allowedModels: string[] | null) => ({ allowedModels });

describe('an alias is listed', () => {
  it.each([
    ['to a caller without a key', null, null, pin(), true],
    ['to a key for all models', key(null), null, pin(), true],
    ['to a key for it', key(['team']), null, pin(), true],
    ['not to a key for others', key(['gpt']), null, pin(), false],
    ['not to a key for no model', key([]), null, pin(), false],
    ['in its pool', null, 'a', pin({ poolId: 'a' }), true],
    ['not in another pool', null, 'b', pin({ poolId: 'a' }), false],
    ['in every pool when it has none', null, 'b', pin(), true],
    ['where no pool is asked for', null, null, pin({ poolId: 'a' }), true],
    ['not in a pool when its provider has none', null, 'a', pin({ resourceId: 'p' }), false],
    ['in the pool of its provider', null, 'a', pin({ resourceId: 'p', poolId: 'a' }), true],
  ])('%s', (_name, caller, pool, alias, listed) => {
    expect(mayName(caller, pool, alias)).toBe(listed);
  });
});
