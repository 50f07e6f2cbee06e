import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ERRORS } from '../common/errors.js';
import { errorPages } from './error-pages.js';
import { replaceGenerated } from './generated-part.js';

it('docs/errors.md has a section for every code, as the code has it', () => {
  const text = readFileSync('docs/errors.md', 'utf8');
  for (const code of Object.keys(ERRORS)) expect(text.split(`### ${code}\n`), code).toHaveLength(2);
  expect(replaceGenerated(text, 'errors', errorPages()), 'npm run docs:errors').toBe(text);
});
