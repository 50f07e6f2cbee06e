/** Relative like all links of a page: what stands in front of the proxy may have put it below a path of its own. */
const STYLE = '../guide.css';
const HEADING = /^(#{1,6}) (.+)$/;
const FENCE = /^\s*```/;
/** To another page of the guide, or within one. */
const OWN_LINK = /^(?:([\w-]+)\.md)?(#[\w-]+)?$/;
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export const GUIDE_STYLE = `:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: 0.9rem/1.5 ui-monospace, monospace; }
:target { background: Mark; color: MarkText; }
`;

/**
 * A page of the documentation as it stands, in sections that can be linked to. No markup of the text becomes markup of
 * the page but headings and links to other pages. Pure.
 */
export function guidePage(markdown: string, pages: ReadonlySet<string>): string {
  const anchors = new Map<string, number>();
  const sections = sectionsOf(markdown).map(({ level, title, text }) => {
    const body = `<pre>${linked(escaped(text.trim()), pages)}</pre>`;
    if (level === 0) return text.trim() === '' ? '' : `<section>${body}</section>`;
    const id = unique(anchorOf(title), anchors);
    const head = `<h${level} id="${id}">${linked(escaped(title.replaceAll('`', '')), pages)}</h${level}>`;
    return `<section aria-labelledby="${id}">\n${head}\n${text.trim() === '' ? '' : body}\n</section>`;
  });
  const title = escaped(sectionsOf(markdown).find(({ level }) => level === 1)?.title ?? 'Guide');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Responses Proxy</title>
<link rel="stylesheet" href="${STYLE}">
</head>
<body>
<nav><a href="../../">Dashboard</a> · <a href="README">All pages</a></nav>
<main>
${sections.join('\n')}
</main>
</body>
</html>
`;
}

interface Section {
  /** 0 = what stands before the first heading. */
  readonly level: number;
  readonly title: string;
  readonly text: string;
}

function sectionsOf(markdown: string): Section[] {
  const found: { level: number; title: string; lines: string[] }[] = [{ level: 0, title: '', lines: [] }];
  let fenced = false;
  for (const line of markdown.split(/\r?\n/)) {
    if (FENCE.test(line)) fenced = !fenced;
    // A comment in a script begins like a heading.
    const [, marks, title] = (fenced ? null : HEADING.exec(line)) ?? [];
    if (marks !== undefined && title !== undefined) found.push({ level: marks.length, title, lines: [] });
    else found.at(-1)?.lines.push(line);
  }
  return found.map(({ level, title, lines }) => ({ level, title, text: lines.join('\n') }));
}

/** As GitHub makes them, so that one link is right at both places. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

function unique(anchor: string, seen: Map<string, number>): string {
  const before = seen.get(anchor) ?? 0;
  seen.set(anchor, before + 1);
  return before === 0 ? anchor : `${anchor}-${before}`;
}

/** Of a text that is escaped already: whatever is no page of the guide stays text. */
function linked(text: string, pages: ReadonlySet<string>): string {
  return text.replaceAll(/\[([^\]\n]+)\]\(([^)\s]+)\)/g, (whole, label: string, target: string) => {
    const [matched, page, anchor = ''] = OWN_LINK.exec(target) ?? [];
    if (matched === undefined || matched === '' || (page !== undefined && !pages.has(page))) return whole;
    return `<a href="${page ?? ''}${anchor}">${label}</a>`;
  });
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => ESCAPES[sign] ?? '');
}
