import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { codexToml } from '../src/common/codex-settings.js';
import { loadConfig } from '../src/config/load-config.js';
import { commandsOf, inlineCommands, shellBlocks, staleExceptions } from './support/documented-commands.js';
import { readSqlite } from './support/history.js';
import { codeBlocks, PAGES, prose } from './support/markdown.js';
import { key, Rig } from './support/rig.js';
import { runCli } from './support/run-cli.js';
import { describeWith } from './support/skip.js';
import { until } from './support/until.js';

const GUIDES = PAGES.filter((page) => /^(docker\/)?README\.md$|^docs\/[\w-]+\.md$/.test(page));
const BLOCKS = shellBlocks(GUIDES);
const INLINE = inlineCommands(GUIDES);
const TOOLS = ['bash', 'curl', 'git', 'openssl', 'sqlite3'];
const missing = TOOLS.filter((tool) => spawnSync('which', [tool]).status !== 0);
/** From then on `/v1` wants a client key, or has a key that the stand-in upstream refuses. */
const LATE = /keys create|\/admin\/providers/;

let rig: Rig;
let work: string;

/** As it stands in the document, for the proxy of this test. */
const here = (text: string): string =>
  text
    .replaceAll(/(127\.0\.0\.1|localhost):8000/g, `127.0.0.1:${rig.proxy.port}`)
    .replaceAll('https://proxy.example.com', rig.proxy.url)
    .replaceAll('https://res.openai.azure.com/openai/v1', rig.upstream.baseUrl);

async function run(command: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  const child = spawn(command, args, {
    cwd: work,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: `${join(work, 'bin')}:${resolve('node_modules/.bin')}:${process.env['PATH']}`,
      HOME: work,
      CODEX_HOME: join(work, 'codex'),
      PORT: String(rig.proxy.port),
      PROXY_ADMIN_TOKEN: '',
      NO_PROXY: '127.0.0.1,localhost',
      // Whatever is not the proxy fails at once instead of looking for a network.
      HTTPS_PROXY: 'http://127.0.0.1:9',
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, output };
}

function shim(name: string, text: string): void {
  writeFileSync(join(work, 'bin', name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(work, 'bin', name), 0o755);
}

/** Everything sent so far can be asked for. */
const recorded = (): Promise<unknown> =>
  until(
    () => rig.proxy.state(),
    (state) => state.in_flight === 0 && state.queue_depth === 0,
    { what: 'records in SQL' },
  );

describe('the commands in the documents', () => {
  it('are each known to run here, or why they cannot', () => {
    expect(BLOCKS.length).toBeGreaterThan(15);
    expect(
      BLOCKS.flatMap(({ page, line, unknown }) => unknown.map((one) => `${page}:${line} ${one}`)),
    ).toEqual([]);
    expect(BLOCKS.filter(({ page }) => page === 'docker/README.md')).toHaveLength(3);
    expect(INLINE.all.length).toBeGreaterThan(9);
    expect(INLINE.unknown).toEqual([]);
    expect(staleExceptions(BLOCKS, INLINE, existsSync)).toEqual([]);
  });

  it('are read as a shell reads them', () => {
    expect(commandsOf('a \\\n  -b # why\n# nothing\nc \'{\n"d": 1}\'\ne "#f"')).toEqual([
      'a  -b',
      'c \'{\n"d": 1}\'',
      'e "#f"',
    ]);
  });

  it('set variables that the proxy takes', () => {
    for (const { page, line, commands } of BLOCKS) {
      const settings = commands.filter((one) => /^\w+=\S+$/.test(one));
      if (settings.length === 0 || settings.length < commands.length) continue;
      const environment = Object.fromEntries(settings.map((one) => one.split(/=(.*)/s).slice(0, 2)));
      expect(() => loadConfig(environment, '0.0.0'), `${page}:${line}`).not.toThrow();
    }
  });

  it('name only commands, options and scripts there are', async () => {
    const inline = GUIDES.flatMap((page) => [
      ...prose(page).matchAll(/`(responses-proxy|npm run) ([a-z][^`]*)`/g),
    ]);
    expect(inline.length).toBeGreaterThan(40);
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: object };
    const { stdout: overview } = await runCli(['--help']);
    const asked = new Map<string, Set<string>>();
    for (const [, program, text = ''] of inline) {
      const [name = '', ...words] = text.split(' ');
      if (program === 'npm run') expect(scripts).toHaveProperty([name]);
      else
        asked.set(
          name,
          new Set([...(asked.get(name) ?? []), ...words.filter((word) => word.startsWith('--'))]),
        );
    }
    const wrong: string[] = [];
    await Promise.all(
      [...asked].map(async ([name, options]) => {
        const stdout = options.size === 0 ? overview : (await runCli([name, '--help'])).stdout;
        if (!stdout.includes(name)) wrong.push(name);
        for (const option of options) if (!stdout.includes(option)) wrong.push(`${name} ${option}`);
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('print the configuration of Codex that stands beside them', () => {
    const [toml] = codeBlocks('docs/codex.md').filter(({ language }) => language === 'toml');
    const target = { baseUrl: 'http://127.0.0.1:8000/v1', keyVariable: null, websockets: false };
    expect(`${toml?.text}\n`).toBe(codexToml(target));
  });
});

describeWith(missing.length === 0, missing.join(', '))('on a running proxy', () => {
  beforeAll(async () => {
    rig = await Rig.start({
      keys: [key('1', 'acme'), key('2', 'acme'), key('3', 'globex')],
      env: {
        OPENAI_RESOURCE_POOL_IDS: 'main,main,batch',
        PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.1/32',
        TEAM_AZURE_KEY: 'sk-of-the-team',
      },
    });
    work = mkdtempSync(join(tmpdir(), 'rpx-docs-'));
    for (const name of ['bin', 'codex', '.git']) mkdirSync(join(work, name));
    symlinkSync(resolve('node_modules'), join(work, 'node_modules'));
    spawnSync('git', ['init', '-q'], { cwd: work });
    const entry = `${process.execPath} ${resolve('dist/cli/main.js')}`;
    // The doctor's warnings are its exit code 1, and a minute of silence is too long for a test.
    shim(
      'responses-proxy',
      `case "$*" in *--url*) set -- "$@" --idle 0;; esac
       ${entry} "$@"; code=$?
       if [ "$1" = doctor ] && [ $code = 1 ]; then exit 0; fi; exit $code`,
    );
    cpSync('docker', join(work, 'docker'), { recursive: true });
    // As much of an engine as a script needs to go on; two replicas run.
    shim(
      'docker',
      `echo "$*" >> docker.calls
       if [ "$1" = compose ]; then [ -f "$3" ] || exit 14; fi
       case "$*" in *' ps -q api') echo replica-1; echo replica-2;; esac`,
    );
    const curl = spawnSync('which', ['curl']).stdout.toString().trim();
    shim('curl', `exec ${curl} --fail-with-body --max-time 20 "$@"`);
  });
  afterAll(async () => {
    rmSync(work, { recursive: true, force: true });
    await rig.stop();
  });

  const runnable = BLOCKS.filter(({ run: commands }) => commands.length > 0);
  const isLate = ({ text }: { readonly text: string }): boolean => LATE.test(text);
  const early = runnable.filter((block) => !isLate(block));
  const shell = async ({ run: commands }: (typeof BLOCKS)[number]): Promise<void> => {
    const { code, output } = await run('bash', ['-euo', 'pipefail', '-c', here(commands.join('\n'))]);
    expect(code, output).toBe(0);
    await recorded();
  };

  // Those of one page follow each other, as its reader goes.
  it.concurrent.each([...new Set(early.map(({ page }) => page))])('%s', async (page) => {
    for (const block of early.filter((one) => one.page === page)) await shell(block);
  });

  it('docker/README.md brings everything up, and replaces one replica after the other, workers last', () => {
    const calls = readFileSync(join(work, 'docker.calls'), 'utf8').trim().split('\n');
    const scale = 'compose -f docker/compose.scale.yml';
    const replaced = ['replica-1', 'replica-2'].flatMap((replica) => [
      `stop --time 150 ${replica}`,
      `rm ${replica}`,
      `${scale} up -d --no-recreate --wait api`,
    ]);
    expect(calls).toEqual([
      'compose -f docker/compose.yml up -d --build',
      `${scale} up -d --build`,
      `${scale} up -d --scale api=5 --scale worker=3 --no-recreate`,
      `${scale} ps -q api`,
      ...replaced,
      `${scale} up -d worker`,
    ]);
    const { services } = parse(readFileSync('docker/compose.scale.yml', 'utf8')) as { services: object };
    expect(Object.keys(services)).toEqual(expect.arrayContaining(['api', 'worker']));
    expect(statSync(join(work, 'docker/.env')).mode & 0o777).toBe(0o600);
  });

  it.each(INLINE.run)('%s', async (command) => {
    const there = command.replace('data/', `${rig.proxy.dataDir}/`);
    const { code, output } = await run('bash', ['-euo', 'pipefail', '-c', there]);
    expect(code, output).toBe(0);
    const [copied, own] = await Promise.all(
      [join(work, 'backup.sqlite3'), join(rig.proxy.dataDir, 'proxy.sqlite3')].map((file) =>
        readSqlite<{ count: number }>(file, 'SELECT COUNT(*) AS count FROM requests'),
      ),
    );
    expect(copied?.[0]?.count).toBeGreaterThan(0);
    expect(copied).toEqual(own);
  });

  it('the dry run answers what the page shows', async () => {
    const [block] = codeBlocks('docs/routing.md').filter(({ language }) => language === 'json');
    const answer = await rig.proxy.admin<Example>('/admin/route/explain', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"model":"gpt-5.5","session_id":"tour","pool_id":"main"}',
    });
    const shown = JSON.parse(block?.text ?? '') as Example;
    expect(Object.keys(answer)).toEqual(Object.keys(shown));
    expect(Object.keys(answer.candidates[0] ?? {})).toEqual(Object.keys(shown.candidates[0] ?? {}));
  });

  it.each(codeBlocks('docs/clients.md').filter(({ language }) => language === 'js'))(
    '$page:$line',
    async ({ line, text }) => {
      writeFileSync(join(work, `recipe-${line}.mjs`), here(text));
      const { code, output } = await run(process.execPath, [`recipe-${line}.mjs`]);
      expect(code, output).toBe(0);
      expect(output).toContain('you said Say hello.');
    },
  );

  it.each(runnable.filter(isLate))('$page:$line', shell);
});

interface Example {
  readonly candidates: readonly object[];
}
