import type { EnvSection } from '../config/env.js';

const BEGIN = '<!-- env:begin -->';
const END = '<!-- env:end -->';

/** One Markdown table a section. */
export function envTable(sections: readonly EnvSection[]): string {
  return sections
    .map(({ title, variables }) => {
      const rows = variables.map(
        (v) =>
          `| \`${v.name}\` | ${v.default === null ? 'unset' : `\`${v.default}\``} | ${escapeCell(v.meaning)}${v.secret ? ' Secret.' : ''} |`,
      );
      return `**${title}**\n\n| Variable | Default | Meaning |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
    })
    .join('\n');
}

/** Null when the text has no place for the table. */
export function replaceBetweenMarkers(text: string, table: string): string | null {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) return null;
  return `${text.slice(0, begin + BEGIN.length)}\n\n${table}\n${text.slice(end)}`;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
