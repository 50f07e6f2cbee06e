import { describe, expect, it } from 'vitest';
import type { Logger } from '../../common/logger.js';
import { ForeignValues } from './foreign-values.js';

describe('values in Redis that are none of ours', () => {
  it('are counted one by one and told of once a minute at most', () => {
    let now = 5_000;
    const lines: unknown[] = [];
    const logger = { warn: (fields: unknown) => lines.push(fields) } as unknown as Logger;
    const foreign = new ForeignValues({ now: () => 0, monotonic: () => now }, logger, 'cache:6379/0');
    foreign.add('binding', 0);
    for (let n = 0; n < 1_000; n += 1) foreign.add('binding');
    now += 59_000;
    foreign.add('notice', 2);
    expect([foreign.count, lines.length]).toEqual([1_002, 1]);
    now += 1_001;
    foreign.add('beat');
    expect(foreign.count).toBe(1_003);
    expect(lines.at(-1)).toEqual({
      event: 'redis.foreign_value',
      redis: 'cache:6379/0',
      what: 'beat',
      values: 1_003,
    });
  });
});
