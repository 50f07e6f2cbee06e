import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const GUIDE = readFileSync('docs/troubleshooting.md', 'utf8');
const CHECKS = readdirSync('src/diagnosis/checks')
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
  .map((name) => readFileSync(`src/diagnosis/checks/${name}`, 'utf8'));

/** As GitHub makes them of headings. */
const anchorsOf = (markdown: string): string[] =>
  [...markdown.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

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
    const ids = CHECKS.flatMap((text) => [
      ...text.matchAll(/\bid: (?:[^'\n]*\? )?'([a-z_]+)'(?: : '([a-z_]+)')?/g),
      ...text.matchAll(/^ {2}([a-z_]+): \{\n {4}severity/gm),
    ]).flatMap((match) => [match[1], match[2]].filter((id) => id !== undefined));
    expect(ids.length).toBeGreaterThan(45);
    expect(ids.filter((id) => !GUIDE.includes(`\`${id}\``))).toEqual([]);
    const named = [...GUIDE.matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map((match) => match[1] ?? '');
    const other = new Set([
      'no_available_resources',
      'upstream_auth_failed',
      'affinity_unavailable',
      'affinity_lost',
    ]);
    const words = ['unknown_route', 'base_url', 'wire_api', 'model_provider', 'env_key', 'session_id'];
    expect(named.filter((id) => !ids.includes(id) && !other.has(id) && !words.includes(id))).toEqual([]);
  });

  it('links to sections of other documents that exist', () => {
    const operations = anchorsOf(readFileSync('docs/operations.md', 'utf8'));
    const links = [...GUIDE.matchAll(/\(operations\.md#([\w-]+)\)/g)].map((match) => match[1] ?? '');
    expect(links.length).toBeGreaterThan(4);
    expect(links.filter((anchor) => !operations.includes(anchor))).toEqual([]);
  });
});
