import { codeBlocks, type CodeBlock } from './markdown.js';

/** What a test cannot run as it stands in the documents, and why. `by` runs it, or what it stands for. */
const NOT_RUN: readonly { readonly command: RegExp; readonly why: string; readonly by?: string }[] = [
  { command: /^\S+ npm start$/, why: 'installs and builds', by: 'test/e2e/start.spec.ts' },
  { command: /^npm test$/, why: 'it would run itself' },
  { command: /^npm run (check|docs:env)$/, why: 'a part of every check of a change' },
  {
    command: /^(PROXY_\w+=\S+ )*responses-proxy (serve|worker)$/,
    why: 'runs for ever, and wants Redis',
    by: 'test/e2e/worker-redis.spec.ts',
  },
];

const RUN: readonly RegExp[] = [
  /^curl /,
  /^responses-proxy (codex|doctor|keys|requests|sessions|usage)\b/,
  /^codex exec /,
  /^(export )?\w+=\S+( \w+=\S+)*$/,
  /^(export )?\w+=\$\(.*\)$/,
  /^echo /,
];

export interface ShellBlock extends CodeBlock {
  readonly commands: readonly string[];
  /** Those that are run here. */
  readonly run: readonly string[];
  readonly unknown: readonly string[];
}

export function shellBlocks(pages: readonly string[]): ShellBlock[] {
  return pages
    .flatMap(codeBlocks)
    .filter(({ language }) => language === 'sh' || language === 'console')
    .map((block) => {
      const commands = commandsOf(block.text);
      const skipped = (one: string): boolean => NOT_RUN.some(({ command }) => command.test(one));
      const runs = (one: string): boolean => RUN.some((pattern) => pattern.test(one));
      const run = commands.filter((one) => !skipped(one) && runs(one));
      return { ...block, commands, run, unknown: commands.filter((one) => !skipped(one) && !runs(one)) };
    });
}

/** Exceptions that no command of the documents needs, and specs they name that are not there. */
export function staleExceptions(
  blocks: readonly ShellBlock[],
  exists: (file: string) => boolean,
): readonly string[] {
  const all = blocks.flatMap(({ commands }) => commands);
  return NOT_RUN.filter(
    ({ command, by }) => !all.some((one) => command.test(one)) || (by !== undefined && !exists(by)),
  ).map(({ command }) => command.source);
}

/** Whole commands: continued lines and quotes that span lines put together, comments gone. */
export function commandsOf(text: string): string[] {
  const commands: string[] = [];
  let current = '';
  for (const line of text.split('\n')) {
    current += `${current === '' ? '' : '\n'}${line}`;
    if (current.endsWith('\\') || hasOpenQuote(current)) continue;
    const command = withoutComment(current)
      .replaceAll(/\\\n\s*/g, ' ')
      .trim();
    if (command !== '') commands.push(command);
    current = '';
  }
  return current.trim() === '' ? commands : [...commands, current.trim()];
}

function hasOpenQuote(text: string): boolean {
  const bare = withoutComment(text)
    .replaceAll(/'[^']*'/g, '')
    .replaceAll(/"[^"]*"/g, '');
  return /['"]/.test(bare);
}

function withoutComment(text: string): string {
  return text.replace(/(^|\s)# [^'"\n]*$/, '').trimEnd();
}
