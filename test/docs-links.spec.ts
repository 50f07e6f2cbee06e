import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ENV_SECTIONS } from '../src/config/env.js';
import { NUMBERED_KEY } from '../src/config/resource-env.js';
import { anchorsOf, linksOf, PAGES } from './support/markdown.js';

/** Of the compose files, which say themselves what it is. */
const NOT_OURS = new Set(['PROXY_PUBLISH']);

describe('the documentation', () => {
  it('has an index that leads to every page', () => {
    const reachable = new Set(linksOf('docs/README.md').map((link) => normalize(join('docs', link))));
    const pages = PAGES.filter((page) => /^docs\/[\w-]+\.md$/.test(page) && page !== 'docs/README.md');
    expect(pages.length).toBeGreaterThan(12);
    expect(pages.filter((page) => !reachable.has(page))).toEqual([]);
  });

  it('links to files and headings that exist', () => {
    const broken: string[] = [];
    let seen = 0;
    for (const page of PAGES) {
      for (const link of linksOf(page)) {
        if (/^[a-z]+:/.test(link)) continue;
        seen++;
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? page : normalize(join(dirname(page), path));
        if (!existsSync(target)) broken.push(`${page}: ${link}`);
        else if (anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor))
          broken.push(`${page}: ${link} (no such heading)`);
      }
    }
    expect(seen).toBeGreaterThan(100);
    expect(broken).toEqual([]);
  });

  it('names only variables that exist', () => {
    const known = new Set(ENV_SECTIONS.flatMap(({ variables }) => variables.map(({ name }) => name)));
    const unknown: string[] = [];
    for (const page of PAGES) {
      const text = readFileSync(page, 'utf8');
      for (const [name] of text.matchAll(/\b(?:PROXY|OPENAI_RESOURCE|OPENAI_API_KEY)_[A-Z0-9_]*[A-Z0-9]\b/g))
        if (!known.has(name) && !NUMBERED_KEY.test(name) && !NOT_OURS.has(name) && !isFamily(name, known))
          unknown.push(`${page}: ${name}`);
    }
    expect(unknown).toEqual([]);
  });
});

/** `PROXY_WEBSOCKET_…`: all that begin so. */
function isFamily(name: string, known: ReadonlySet<string>): boolean {
  return [...known].some((one) => one.startsWith(`${name}_`));
}
