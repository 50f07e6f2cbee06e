import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { currentOwner, isOwnerDead, writeOwner } from './spool-owner.js';

describe('spool owner', () => {
  it('tells dead owners from living ones', () => {
    const self = currentOwner('inst_me');
    const path = mkdtempSync(join(tmpdir(), 'rpx-owner-'));
    const dead = (owner: Partial<typeof self>, ageMs = 0) => {
      writeOwner(path, { ...self, instanceId: 'inst_x', ...owner });
      const at = new Date(Date.now() - ageMs);
      utimesSync(join(path, 'owner.json'), at, at);
      return isOwnerDead(path, self, Date.now());
    };
    expect(dead({})).toBe(false);
    expect(dead({}, 3_600_000)).toBe(false); // stopped, not dead
    expect(dead({ pidStart: '1' })).toBe(true); // same pid, another process: pid 1 of a restarted container
    expect(dead({ pid: 4_194_303 })).toBe(true);
    expect(dead({ pidNamespace: 'pid:[1]' })).toBe(false);
    expect(dead({ pidNamespace: 'pid:[1]' }, 60_000)).toBe(true);
    expect(dead({ bootId: 'other' }, 60_000)).toBe(true);
    rmSync(path, { recursive: true });
  });
});
