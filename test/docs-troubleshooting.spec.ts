import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHECKS as ALL_CHECKS } from '../src/diagnosis/checks.js';
import { CHECK_SOURCES as CHECKS, findingIds } from './support/finding-ids.js';
import { anchorsOf } from './support/markdown.js';

const GUIDE = readFileSync('docs/troubleshooting.md', 'utf8');

const CHECK_NAMES = new Set(ALL_CHECKS.map(({ name }) => name));

/** What the seed of this project is about: each must have its section. */
const SECTIONS = [
  'no-provider-resources-configured',
  'records-disappear-after-redeploy',
  'requests-succeed-but-a-403-appears',
  'dashboard-shows-resources-but-no-recent-requests',
  'token-columns-are-empty',
  'codex-toml-given-as-one-inline-string',
  'registry-returns-401',
  'inline-provider-key-rejected',
  'registered-provider-gets-no-traffic',
  'no-available-resources',
  'container-health-check-fails',
];

describe('the troubleshooting guide', () => {
  it('has every section a finding links to', () => {
    const anchors = anchorsOf(GUIDE);
    const linked = CHECKS.flatMap((text) => [...text.matchAll(/'([a-z0-9]+(?:-[a-z0-9]+){2,})'/g)]).map(
      (match) => match[1] ?? '',
    );
    expect(linked.length).toBeGreaterThan(20);
    expect(linked.filter((anchor) => !anchors.includes(anchor))).toEqual([]);
    expect(SECTIONS.filter((anchor) => !anchors.includes(anchor) || !linked.includes(anchor))).toEqual([]);
  });

  it('names every finding there is, and no other', () => {
    const ids = findingIds();
    expect(ids.length).toBeGreaterThan(45);
    expect(ids.filter((id) => !GUIDE.includes(`\`${id}\``))).toEqual([]);
    const named = [...GUIDE.matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map((match) => match[1] ?? '');
    const other = new Set([
      'no_available_resources',
      'upstream_auth_failed',
      'affinity_unavailable',
      'affinity_lost',
    ]);
    const fields = [
      'retry_text',
      'unknown_route',
      'base_url',
      'wire_api',
      'model_provider',
      'env_key',
      'session_id',
    ];
    const known = new Set([...ids, ...other, ...fields, ...CHECK_NAMES]);
    expect(named.filter((id) => !known.has(id))).toEqual([]);
  });

  it('says for each situation which check names it, and with which finding', () => {
    const rows = GUIDE.split('\n').filter((line) => line.startsWith('| ['));
    const situations = rows.map((row) => /\(#([\w-]+)\)/.exec(row)?.[1]);
    expect(situations).toEqual(SECTIONS);
    for (const row of rows) {
      const [checks = [], findings = []] = row.split('|').slice(2).map(words);
      expect(
        checks.filter((name) => !CHECK_NAMES.has(name)),
        row,
      ).toEqual([]);
      // Each finding stands in the section it is shown for, too.
      const anchor = /\(#([\w-]+)\)/.exec(row)?.[1] ?? '';
      const section = GUIDE.split(/^## /m).find((text) => anchorsOf(`## ${text}`)[0] === anchor) ?? '';
      expect(findings.filter((id) => !section.includes(`\`${id}\``))).toEqual([]);
      expect(findings.length).toBeGreaterThan(0);
    }
  });
});

/** What stands in a cell in backticks. */
function words(cell: string): string[] {
  return [...cell.matchAll(/`(\w+)`/g)].map((match) => match[1] ?? '');
}
