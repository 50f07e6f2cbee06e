import { codeBlocks, prose, type CodeBlock } from './markdown.js';

interface Exception {
  readonly command: RegExp;
  readonly why: string;
  readonly by?: string;
}

/** What a test cannot run as it stands in the documents, and why. `by` runs it, or what it stands for. */
const NOT_RUN: readonly Exception[] = [
  { command: /^\S+ npm start$/, why: 'installs and builds', by: 'test/e2e/start.spec.ts' },
  { command: /^npm test$/, why: 'it would run itself' },
  { command: /^npm run (check|docs:env)$/, why: 'a part of every check of a change' },
  {
    command: /^(PROXY_\w+=\S+ )*responses-proxy (serve|worker)$/,
    why: 'runs for ever, and wants Redis',
    by: 'test/e2e/worker-redis.spec.ts',
  },
];

/** The same for commands of others that stand within a sentence. */
const INLINE_NOT_RUN: readonly Exception[] = [
  {
    command:
      /^docker ((exec <name>|compose exec proxy) \/app\/docker\/entrypoint\.sh (doctor|--version)|compose run --rm proxy doctor)$/,
    why: 'no engine; the entrypoint of the image is run with it',
    by: 'test/docker/container.spec.ts',
  },
  { command: /^docker (compose logs proxy|logs <name>|inspect --format '.*')$/, why: 'no engine' },
  {
    command: /^kubectl apply -k docker\/kubernetes$/,
    why: 'no cluster; what it applies is checked',
    by: 'test/docker/deployment-files.spec.ts',
  },
  { command: /^npx responses-proxy serve$/, why: 'wants the package', by: 'test/package.spec.ts' },
  {
    command: /^psql "\$PROXY_DATABASE_URL" -c 'select 1'$/,
    why: 'a client of Postgres, which is not brought',
  },
  { command: /^redis-cli -u "\$PROXY_REDIS_URL" PING$/, why: 'a client of Redis, which is not brought' },
];
const INLINE_RUN: readonly RegExp[] = [/^sqlite3 data\/proxy\.sqlite3 /];
const INLINE = /`((?:docker|kubectl|npx|psql|redis-cli|sqlite3) [^`]*)`/g;

const RUN: readonly RegExp[] = [
  /^curl /,
  /^responses-proxy (codex|doctor|keys|requests|sessions|usage)\b/,
  /^codex exec /,
  /^(export )?\w+=\S+( \w+=\S+)*$/,
  /^(export )?\w+=\$\(.*\)$/,
  /^echo /,
  // Of an engine that writes down what it is asked.
  /^cp docker\/env\.example docker\/\.env && chmod 600 docker\/\.env$/,
  /^docker (compose -f docker\/compose(\.scale)?\.yml|stop) /,
  /^for replica in \$\(docker compose .*\); do$/,
  /^done$/,
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

/** Commands of others in the sentences of the documents. */
export interface InlineCommands {
  readonly all: readonly string[];
  readonly run: readonly string[];
  readonly unknown: readonly string[];
}

export function inlineCommands(pages: readonly string[]): InlineCommands {
  const all = pages.flatMap((page) => [...prose(page).matchAll(INLINE)].map(([, command = '']) => command));
  const run = all.filter((one) => INLINE_RUN.some((pattern) => pattern.test(one)));
  const skipped = (one: string): boolean => INLINE_NOT_RUN.some(({ command }) => command.test(one));
  return { all, run, unknown: all.filter((one) => !run.includes(one) && !skipped(one)) };
}

/** Exceptions that no command of the documents needs, and specs they name that are not there. */
export function staleExceptions(
  blocks: readonly ShellBlock[],
  inline: InlineCommands,
  exists: (file: string) => boolean,
): readonly string[] {
  const stale = (exceptions: readonly Exception[], all: readonly string[]): readonly Exception[] =>
    exceptions.filter(
      ({ command, by }) => !all.some((one) => command.test(one)) || (by !== undefined && !exists(by)),
    );
  const all = blocks.flatMap(({ commands }) => commands);
  return [...stale(NOT_RUN, all), ...stale(INLINE_NOT_RUN, inline.all)].map(({ command }) => command.source);
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
