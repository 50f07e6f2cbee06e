import type { EnvSection } from '../config/env.js';

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

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
