import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { anchorsOf } from '../../test/support/markdown.js';
import { guidePage } from './guide-page.js';

const PAGES = new Set(['troubleshooting', 'operations']);

describe('a page of the guide', () => {
  it('has every heading of the troubleshooting guide as an anchor, once', () => {
    const text = readFileSync('docs/troubleshooting.md', 'utf8');
    const ids = [...guidePage(text, PAGES).matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    // What stands in its scripts begins with a `#` as well, and is no heading.
    expect(ids).toEqual(anchorsOf(text.replaceAll(/^```[\s\S]*?^```$/gm, '')));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('makes links of those that stay in the guide, and of no other', () => {
    const html = guidePage(
      '# T\n[a](operations.md#redis) [b](#t) [c](gone.md) [d](javascript:alert) [e](../x.md) [f](https://x.example)',
      PAGES,
    );
    expect(html).toContain('<a href="operations#redis">a</a> <a href="#t">b</a> [c](gone.md)');
    for (const text of ['[d](javascript:alert)', '[e](../x.md)', '[f](https://x.example)'])
      expect(html).toContain(text);
  });

  it('takes nothing of the text for markup, and needs no inline code or style', () => {
    const html = guidePage('# <b>"T"</b>\n<script>x</script>\n[<i>](#"onclick=x)\n## T\n## T\n', PAGES);
    expect(html).not.toMatch(/<script|<b>|<i>|style=|onclick=x"/);
    expect(html).toContain('&lt;script&gt;x&lt;/script&gt;');
    expect(html).toMatch(/id="t"[^]*id="t-1"/);
  });
});
