import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Every “words” behind a `file.spec.ts`, in the order of the document. */
function proofs(): { file: string; words: string }[] {
  const found: { file: string; words: string }[] = [];
  let file = '';
  for (const [, name, words] of readFileSync('docs/faults.md', 'utf8').matchAll(
    /`([\w./-]+\.spec\.ts)`|“([^”]+)”/g,
  )) {
    if (name !== undefined) file = name.includes('/') ? name : `test/e2e/${name}`;
    else if (file !== '' && words !== undefined) found.push({ file, words });
  }
  return found;
}

it('names only tests that exist', () => {
  const all = proofs().filter(({ words }) => words !== 'No test');
  expect(all.length).toBeGreaterThan(50);
  const missing = all.filter(
    ({ file, words }) => !existsSync(file) || !readFileSync(file, 'utf8').includes(words),
  );
  expect(missing).toEqual([]);
});
