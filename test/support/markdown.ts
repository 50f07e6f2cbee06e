import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a reader of the project finds, relative to its root. */
export const PAGES: readonly string[] = [
  'README.md',
  'CHANGELOG.md',
  'docker/README.md',
  'bench/README.md',
  ...readdirSync('docs', { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

export interface CodeBlock {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

/** Fenced blocks, also those inside of lists. */
export function codeBlocks(page: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const lines = readFileSync(page, 'utf8').split('\n');
  for (let i = 0; i < lines.length; i++) {
    const [, indent = '', language = ''] = /^(\s*)```(\w+)/.exec(lines[i] ?? '') ?? [];
    if (language === '') continue;
    const line = i + 2;
    const body: string[] = [];
    while (++i < lines.length && lines[i]?.trim() !== '```') body.push((lines[i] ?? '').slice(indent.length));
    blocks.push({ page, line, language, text: body.join('\n') });
  }
  return blocks;
}

/** The page without its fenced blocks. */
export function prose(page: string): string {
  return readFileSync(page, 'utf8').replaceAll(/^\s*```[\s\S]*?^\s*```$/gm, '');
}

/** Anchors of its headings, as GitHub makes them. */
export function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

/** Targets of its links. */
export function linksOf(page: string): string[] {
  const text = prose(page).replaceAll(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
}
