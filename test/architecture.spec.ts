import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

/** The house rules on imports: what each folder of `src` may import of ours. Files directly in `src` compose everything. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  common: [],
  config: ['common'],
  infra: ['common', 'config', 'usage'],
  resources: ['common', 'config', 'infra', 'registry'],
  state: ['common', 'config', 'infra'],
  fleet: ['common', 'config', 'infra', 'state'],
  upstream: ['common', 'config', 'resources'],
  usage: ['common', 'config', 'infra', 'state', 'upstream'],
  registry: ['common', 'config', 'infra', 'state'],
  tracing: ['common', 'config', 'infra', 'resources', 'state', 'usage'],
  health: ['common', 'config', 'infra', 'resources', 'state', 'fleet', 'upstream', 'usage'],
  balancer: ['common', 'config', 'resources', 'state', 'health', 'upstream'],
  proxy: [
    'common',
    'config',
    'infra',
    'registry',
    'resources',
    'state',
    'health',
    'upstream',
    'usage',
    'balancer',
    'tracing',
  ],
  admin: [
    'common',
    'config',
    'infra',
    'resources',
    'state',
    'fleet',
    'health',
    'upstream',
    'usage',
    'balancer',
    'registry',
    'diagnosis',
  ],
  diagnosis: ['common', 'config'],
  transfer: ['common', 'config', 'infra', 'usage'],
  dashboard: ['common', 'config'],
  cluster: ['common', 'config'],
  cli: ['common', 'config', 'cluster', 'diagnosis'],
};

/** Where a package may be imported; everywhere else it is behind a port. */
const PACKAGE_PLACES: readonly (readonly [packageName: RegExp, places: RegExp])[] = [
  [
    /^typeorm$/,
    /^src\/(infra\/database|transfer)\/|\.(entity|repository|read-model)\.ts$|writer\.ts$|^src\/usage\/(recorder|(session|key-usage|hour)-(totals|merge))\.ts$/,
  ],
  [/^ioredis$/, /^src\/(state\/redis-|infra\/redis\/)/],
  [/^(bullmq|@nestjs\/bullmq)$/, /^src\/usage\/(bullmq-|usage\.module)/],
  [/^undici$/, /^src\/upstream\//],
  [/^ws$/, /^src\/proxy\/[a-z-]*websocket/],
  [/^express$/, /^src\/(admin|dashboard)\/|^src\/health\/(worker-)?health\.controller|^src\/app\./],
  [/^@opentelemetry\//, /^src\/tracing\//],
  [/^@pydantic\/genai-prices$/, /^src\/usage\/price-catalogue\.ts$/],
  [/^@copilotkit\/aimock$/, /^src\/cli\/demo-upstream\.ts$/],
];

/** Decisions and the hot path know neither Nest nor Express: they run in a test without either. */
const NEST_FREE =
  /^src\/(common\/(?!nest-logger|access)|balancer\/(?!.*\.(service|module)\.ts)|proxy\/(?!.*\.(service|module)\.ts)|usage\/(usage-tap|usage-parser)|upstream\/(?!.*(client|service|module)\.ts)|cli\/|cluster\/|diagnosis\/|config\/(?!config\.module))/;

const CLASSES_OF_ONE_ANSWER = /^src\/admin\/dto\//;
/** Error classes beside the one thing that throws them. */
const NAMED_OTHERWISE = new Set(['src/common/errors.ts', 'src/proxy/request-body.ts']);

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function readTree(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => {
      const text = readFileSync(path, 'utf8');
      return { path, text, imports: importsOf(text) };
    });
}

/** Static, side-effect and dynamic imports, and re-exports; comments cannot hold one at the start of a line. */
function importsOf(text: string): string[] {
  const found = text.matchAll(/(?:^(?:import|export)\b[^;'"]*?|\bimport\s*\(\s*)['"]([^'"]+)['"]/gm);
  return [...found].map((match) => match[1] ?? '');
}

/** `src/usage/x.ts` → `usage`; null for files directly in `src`, which compose. */
function folderOf(path: string): string | null {
  const [, folder, ...rest] = path.split('/');
  return folder !== undefined && rest.length > 0 ? folder : null;
}

/** `UsageTap` in `usage-tap.ts`; a role such as `.service` may be left out of the class name. Private classes are free. */
function isNamedAfter(className: string, path: string): boolean {
  const letters = (text: string): string => text.replaceAll(/[-.]/g, '').toLowerCase();
  const file = basename(path, '.ts').replace(/^\d+-/, '');
  return [file, file.split('.')[0] ?? ''].some((name) => className.toLowerCase().startsWith(letters(name)));
}

const everything = readTree('src');
const sources = everything.filter((file) => !file.path.endsWith('.spec.ts'));
const server = sources.filter((file) => !file.path.startsWith('src/dashboard/ui/'));

function offences(check: (file: SourceFile) => readonly string[]): string[] {
  return server.flatMap((file) => check(file).map((what) => `${file.path}: ${what}`));
}

describe('architecture', () => {
  it('reads imports in every form', () => {
    const text = `import 'a';\nimport { b,\n  c } from 'bc';\nexport type { D } from './d.js';\nawait import('e');`;
    expect(importsOf(text)).toEqual(['a', 'bc', './d.js', 'e']);
    expect(server.length).toBeGreaterThan(50);
  });

  it('lets imports point one way only', () => {
    const wrong = offences(({ path, imports }) => {
      const folder = folderOf(path);
      if (folder === null) return [];
      return imports
        .filter((name) => name.startsWith('.'))
        .map((name) => folderOf(normalize(join(dirname(path), name))))
        .filter((to) => to !== null && to !== folder && !MAY_IMPORT[folder]?.includes(to))
        .map((to) => `imports ${to}`);
    });
    expect(wrong).toEqual([]);
  });

  it('knows every folder of src', () => {
    const folders = new Set(server.map((file) => folderOf(file.path)).filter((folder) => folder !== null));
    expect([...folders].filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
  });

  it('keeps drivers and clients in their adapters', () => {
    const wrong = offences(({ path, imports }) =>
      imports.filter((name) => PACKAGE_PLACES.some(([pkg, places]) => pkg.test(name) && !places.test(path))),
    );
    expect(wrong).toEqual([]);
  });

  it('keeps Nest and Express out of decisions and the hot path', () => {
    const wrong = offences(({ path, imports }) =>
      NEST_FREE.test(path) ? imports.filter((name) => /^(@nestjs\/|express)/.test(name)) : [],
    );
    expect(wrong).toEqual([]);
  });

  it('has no barrels and no drawers for everything', () => {
    expect(server.filter((file) => /(^|\/)(index|utils?|helpers?)\.ts$/.test(file.path))).toEqual([]);
  });

  it('keeps files to 300 lines', () => {
    const long = [...everything, ...readTree('test')]
      .map((file) => ({ path: file.path, lines: file.text.trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > 300);
    expect(long).toEqual([]);
  });

  it('has one class a file, named after it', () => {
    const wrong = offences(({ path, text }) => {
      if (CLASSES_OF_ONE_ANSWER.test(path) || NAMED_OTHERWISE.has(path)) return [];
      const classes = [...text.matchAll(/^(export )?(?:abstract )?class (\w+)/gm)];
      if (classes.length > 1) return [`${classes.length} classes`];
      return classes
        .filter((m) => m[1] !== undefined)
        .map((m) => m[2] ?? '')
        .filter((name) => !isNamedAfter(name, path));
    });
    expect(wrong).toEqual([]);
  });

  it('reads the environment in one place', () => {
    const wrong = offences(({ path, text }) =>
      text.includes('process.env') && path !== 'src/config/process-environment.ts' ? ['process.env'] : [],
    );
    expect(wrong).toEqual([]);
  });

  it('is what the linter enforces too', () => {
    const config = JSON.parse(readFileSync('.oxlintrc.json', 'utf8')) as {
      overrides: { files: string[]; rules: Record<string, [string, { patterns: { regex: string }[] }]> }[];
    };
    for (const [folder, allowed] of Object.entries(MAY_IMPORT)) {
      const override = config.overrides.find(({ files }) => files.includes(`src/${folder}/**/*.ts`));
      const regex = override?.rules['no-restricted-imports']?.[1].patterns[0]?.regex ?? '';
      const forbidden = Object.keys(MAY_IMPORT).filter(
        (to) => to !== folder && new RegExp(regex).test(`../${to}/x.js`),
      );
      expect([folder, ...forbidden]).toEqual([
        folder,
        ...Object.keys(MAY_IMPORT).filter((to) => to !== folder && !allowed.includes(to)),
      ]);
    }
  });
});
