import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const text = readFileSync('docs/security.md', 'utf8');

it('has a line for each of S1 to S20', () => {
  const ids = [...text.matchAll(/^\| (S\d+) /gm)].map((match) => match[1]);
  expect(ids).toEqual(Array.from({ length: 20 }, (_, n) => `S${n + 1}`));
});

it('names only specs that exist', () => {
  const named = [...text.matchAll(/`([\w./-]+\.spec\.ts)`/g)].map((match) => match[1] ?? '');
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((file) => !existsSync(file))).toEqual([]);
});

it('leaves out no spec of test/security', () => {
  const specs = readdirSync('test/security').filter((name) => name.endsWith('.spec.ts'));
  expect(specs.filter((name) => !text.includes(`test/security/${name}`))).toEqual([]);
});
