import { describe, expect, it } from 'vitest';
import {
  DAY,
  DISK,
  diskWith,
  FLEET,
  HISTORY,
  KEY,
  NOW,
  PEER,
  PROVIDER,
  SETTINGS,
  SPOOL,
  TRAFFIC,
} from '../../test/support/diagnosis-facts.js';
import { diagnose, findingsOf, merge } from './diagnose.js';
import type { Facts } from './facts.js';

const found = (facts: Omit<Facts, 'now'>): string[] =>
  findingsOf(diagnose({ now: NOW, ...facts })).map(({ id, severity }) => `${severity} ${id}`);
const problem = (code: string) => ({ fleet: { ...FLEET, problems: [{ code, message: 'as it is' }] } });

/** What cannot be made real everywhere: full disks, lost records, days that pass. The rest is in test/e2e/doctor*.spec.ts. */
describe('the checks', () => {
  it('find nothing where nothing is wrong, and say what they could not see', () => {
    const facts = {
      settings: SETTINGS,
      disk: DISK,
      spool: SPOOL,
      history: HISTORY,
      traffic: TRAFFIC,
      fleet: FLEET,
      unsummed: null,
    };
    const diagnosis = diagnose({ now: NOW, ...facts, keys: [{ ...KEY, poolId: null }] });
    expect([diagnosis.status, findingsOf(diagnosis)]).toEqual(['ok', []]);
    const skipped = diagnosis.checks.filter(({ outcome }) => outcome === 'skipped').map(({ name }) => name);
    expect(skipped).toContain('public_url');
    expect(skipped).not.toContain('spool');
    // A slow answer about the sums hides nothing else of the history.
    expect(skipped).toContain('sums');
    expect(skipped).not.toContain('retention');
  });

  it.each<[string, Omit<Facts, 'now'>]>([
    ['error records_in_container', { settings: SETTINGS, disk: diskWith({ passing: 'no volume' }) }],
    ['warning spool_in_container', { settings: SETTINGS, disk: diskWith({ passing: 'memory' }, 'spool') }],
    ['error disk_full', { disk: diskWith({ freeBytes: 10 ** 6 }, 'records') }],
    ['error disk_full', { disk: diskWith({ freeBytes: 10 ** 6 }) }],
    ['warning disk_nearly_full', { disk: diskWith({ freeBytes: 5 * 10 ** 8 }) }],
    ['error data_directory_unwritable', { disk: diskWith({ writable: false }) }],
    ['note data_directory_open', { disk: { ...DISK, openDirectory: 'chmod it' } }],
    ['warning records_wait', { spool: { ...SPOOL, pending: 3, oldestAt: NOW - 61_000 } }],
    ['error records_lost', { spool: { ...SPOOL, shedRecords: 1 } }],
    ['warning records_lost', { spool: { ...SPOOL, shedBodies: 1, tornRecords: 1, deadRecords: 1 } }],
    ['warning retention_behind', { settings: SETTINGS, history: { ...HISTORY, overdueAt: NOW - 40 * DAY } }],
    [
      'warning hours_not_summed',
      {
        unsummed: { first: NOW - 4 * 3_600_000, hours: 1 },
        traffic: { ...TRAFFIC, uptimeMs: 3 * 3_600_000 },
      },
    ],
    ['warning requests_without_end', { traffic: TRAFFIC, history: { ...HISTORY, unfinished: 2 } }],
    ['note small_heap', { traffic: { ...TRAFFIC, smallHeapOf: '/app/dist/cli/main.js' } }],
    ['error other_database', problem('other_database')],
    ['error other_redis', problem('other_redis')],
    ['warning no_worker', problem('no_worker')],
    ['note versions_differ', { fleet: { ...FLEET, workers: [{ ...PEER, version: '2' }] } }],
    ['note provider_pool_not_asked_for', { providers: [PROVIDER], keys: [KEY], traffic: TRAFFIC }],
    [
      'note models_differ',
      { keys: [KEY, { ...KEY, id: 'b', models: [] }, { ...KEY, id: 'c', models: ['other'] }] },
    ],
    ['note organization_unknown', { keys: [KEY, { ...KEY, id: 'b', organization: null }] }],
    ['note key_paused', { keys: [KEY, { ...KEY, id: 'b', reason: 'rate_limited', until: NOW + 5_000 }] }],
  ])('%s', (expected, facts) => {
    expect(found(facts)).toEqual([expected]);
  });

  it('look at the SQLite file and at the spool, and name the one that is in the way', () => {
    const evidence = (change: Parameters<typeof diskWith>[0], holds?: 'records' | 'spool') =>
      findingsOf(diagnose({ now: NOW, settings: SETTINGS, disk: diskWith(change, holds) }))[0]?.evidence;
    expect(evidence({ freeBytes: 10 ** 6 }, 'records')).toEqual([
      '/data/proxy.sqlite3 (the SQLite file): 0 MB free',
    ]);
    expect(evidence({ freeBytes: 10 ** 6 }, 'spool')).toEqual(['/data (the spool): 0 MB free']);
    expect(evidence({ writable: false }, 'records')?.join()).toContain('/data/proxy.sqlite3');
    expect(evidence({ passing: 'memory' })).toEqual([
      '/data/proxy.sqlite3 (the SQLite file): memory',
      '/data (the spool): memory',
    ]);
  });

  it('believe whoever could see: the process, and from here only what it could not', () => {
    const there = diagnose({ now: NOW, disk: diskWith({ freeBytes: 10 ** 6 }) });
    const here = diagnose({ now: NOW, disk: DISK, spool: { ...SPOOL, shedRecords: 1 } });
    expect(findingsOf(merge(there, here)).map(({ id }) => id)).toEqual(['records_lost', 'disk_full']);
    expect(merge(there, here).status).toBe('error');
  });
});
