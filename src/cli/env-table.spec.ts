import { describe, expect, it } from 'vitest';
import { ENV_SECTIONS } from '../config/env.js';
import { envTable } from './env-table.js';
import { replaceGenerated } from './generated-part.js';

describe('the table of environment variables', () => {
  const table = envTable(ENV_SECTIONS);

  it('has every variable exactly once', () => {
    const names = ENV_SECTIONS.flatMap((section) => section.variables.map((v) => v.name));
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(table.split(`| \`${name}\` |`)).toHaveLength(2);
  });

  it('marks what is secret and shows defaults', () => {
    expect(table).toMatch(/`OPENAI_API_KEY_1…N` \| unset \| .* Secret\. \|/);
    expect(table).toContain('| `PORT` | `8000` |');
    expect(table).toContain('| `PROXY_SQLITE_URL` | `sqlite:///./data/proxy.sqlite3` |');
    expect(table).toContain('| `PROXY_RETRY_5XX` | `on` |');
  });

  it('gives every variable one sentence', () => {
    for (const v of ENV_SECTIONS.flatMap((section) => section.variables))
      expect(v.meaning, v.name).toMatch(/^\S.{8,}\.$/);
  });

  it('is replaced between its markers, twice the same', () => {
    const text = 'a\n<!-- env:begin -->\nstale rows\n<!-- env:end -->\nb\n';
    const once = replaceGenerated(text, 'env', table);
    expect(once).toContain('| `PORT` |');
    expect(once).not.toContain('stale rows');
    expect(replaceGenerated(once ?? '', 'env', table)).toBe(once);
    expect(replaceGenerated('no markers', 'env', table)).toBeNull();
  });
});
