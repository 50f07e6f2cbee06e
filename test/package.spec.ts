import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeUpstream } from './support/fake-upstream.js';
import { ProxyProcess } from './support/proxy-process.js';

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}
interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}
interface Bill {
  readonly metadata: { readonly component: { readonly name: string; readonly version: string } };
  readonly components: readonly { readonly name: string; readonly version: string }[];
}

const REPOSITORY = resolve(import.meta.dirname, '..');
const MANIFEST = JSON.parse(readFileSync('package.json', 'utf8')) as {
  version: string;
  dependencies: Record<string, string>;
};
const EXPECTED =
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|script\/(start|steps)\.mjs|docs\/[\w./-]+\.md|docs\/openapi\.json|docs\/operations\/[\w-]+\.(json|yaml)|dist\/([\w./-]+\.js|dashboard\/[\w./-]+\.(html|css|js|svg|png|ico|woff2)|sbom\.cdx\.json))$/;
const SECRETS = /\bsk-[A-Za-z0-9]{20,}|\brpx_[A-Za-z0-9]{30,}|PRIVATE KEY-----\n/;

let home: string;
let installed: string;
let packed: Packed;

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1e8 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${String(status)}\n${stdout}${stderr}`);
  return stdout;
}

/** Packages that an installation without development ones has, as the lock file tells them apart. */
function productionPackages(): string[] {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;
  return Object.entries(packages)
    .filter(([path, { dev }]) => dev !== true && path.split('node_modules/').length === 2)
    .map(([path]) => path.slice('node_modules/'.length))
    .filter((name) => existsSync(join('node_modules', name)));
}

/** The package as npm would unpack it, outside of this checkout: nothing of it can be found from there. */
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'rpx-package-'));
  run(process.execPath, ['script/bill-of-materials.mjs'], REPOSITORY);
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', home];
  packed = (JSON.parse(run('npm', pack, REPOSITORY)) as [Packed])[0];
  const modules = join(home, 'node_modules');
  installed = join(modules, 'responses-proxy');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  const names = productionPackages();
  try {
    run('cp', ['-al', '--parents', ...names, modules], join(REPOSITORY, 'node_modules'));
  } catch {
    // Another file system.
    run('cp', ['-a', '--parents', ...names, modules], join(REPOSITORY, 'node_modules'));
  }
  run('tar', ['-xzf', packed.filename], home);
  run('mv', ['package', installed], home);
  symlinkSync('../responses-proxy/dist/cli/main.js', join(modules, '.bin/responses-proxy'));
}, 60_000);

afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('the npm package', () => {
  it('holds what runs and what is read, and nothing else', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths.filter((path) => !EXPECTED.test(path))).toEqual([]);
    for (const needed of [
      'dist/cli/main.js',
      'dist/cli/worker-main.js',
      'dist/dashboard/index.html',
      'dist/sbom.cdx.json',
      'docs/troubleshooting.md',
      'docs/errors.md',
      'docs/operations/alerts.yaml',
    ])
      expect(paths).toContain(needed);
  });

  it('holds no secret and no path of the machine it was made on', () => {
    const found = packed.files.filter(({ path }) => {
      const text = readFileSync(join(installed, path), 'utf8');
      return SECRETS.test(text) || text.includes(REPOSITORY);
    });
    expect(found).toEqual([]);
  });

  it('says what it was tested with', () => {
    const bill = JSON.parse(readFileSync(join(installed, 'dist/sbom.cdx.json'), 'utf8')) as Bill;
    expect(bill.metadata.component).toMatchObject({ name: 'responses-proxy', version: MANIFEST.version });
    const listed = new Set(bill.components.map(({ name, version }) => `${name} ${version}`));
    for (const [name, version] of Object.entries(MANIFEST.dependencies))
      expect(listed).toContain(`${name} ${version}`);
    expect([...listed].filter((one) => one.startsWith('vitest '))).toEqual([]);
  });

  it('serves, shows its pages and finds itself well, without the sources and development packages', async () => {
    expect(existsSync(join(home, 'node_modules/vitest'))).toBe(false);
    const entry = join(home, 'node_modules/.bin/responses-proxy');
    expect(run(process.execPath, [entry, '--version'], home)).toContain(MANIFEST.version);
    const upstream = await FakeUpstream.start({ keys: ['sk-package'] });
    const proxy = await ProxyProcess.start({ upstream, keys: ['sk-package'], entry });
    try {
      const answer = await fetch(`${proxy.v1}/responses`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'gpt-5.5', input: 'x' }),
      });
      expect(answer.status).toBe(200);
      for (const page of ['/', '/docs', '/openapi.json', '/readyz'])
        expect((await fetch(`${proxy.url}${page}`)).status, page).toBe(200);
      const { status, stdout } = spawnSync(process.execPath, [entry, 'doctor', '--json'], {
        cwd: home,
        env: { PATH: process.env['PATH'], HOME: home, PORT: String(proxy.port) },
        encoding: 'utf8',
      });
      const diagnosis = JSON.parse(stdout) as { proxy: string; findings: { docs?: string }[] };
      expect(diagnosis.proxy).toBe('running');
      expect((await fetch(`${proxy.url}/docs/guide/troubleshooting`)).status).toBe(200);
      expect(status).toBeLessThan(2);
    } finally {
      await proxy.dispose();
      await upstream.stop();
    }
  }, 60_000);
});
