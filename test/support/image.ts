import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DockerfileParser, type Copy, type Env, type Instruction } from 'dockerfile-ast';

export const REPOSITORY = resolve(import.meta.dirname, '../..');
export const DOCKERFILE = join(REPOSITORY, 'docker/Dockerfile');

/** The last stage of the Dockerfile: what an engine would know of the image. */
export interface Image {
  readonly env: Readonly<Record<string, string>>;
  readonly user: readonly [uid: string, gid: string];
  readonly workdir: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthcheck: readonly string[];
  readonly copies: readonly ImageCopy[];
  readonly packages: readonly string[];
  readonly run: string;
}

interface ImageCopy {
  readonly from: string | null;
  readonly sources: readonly string[];
  readonly target: string;
}

export function readImage(): Image {
  const all = DockerfileParser.parse(readFileSync(DOCKERFILE, 'utf8')).getInstructions();
  const last = all.findLastIndex((i) => i.getKeyword() === 'FROM');
  const stage = all.slice(last + 1);
  const args = (keyword: string): string[] => argumentsOf(stage.find((i) => i.getKeyword() === keyword));
  const env = stage.filter((i) => i.getKeyword() === 'ENV').flatMap((i) => (i as Env).getProperties());
  const run = args('RUN').join(' ');
  const [uid = '', gid = ''] = args('USER')[0]?.split(':') ?? [];
  return {
    env: Object.fromEntries(env.map((p) => [p.getName(), p.getValue() ?? ''])),
    user: [uid, gid],
    workdir: args('WORKDIR')[0] ?? '/',
    entrypoint: json(args('ENTRYPOINT')),
    command: json(args('CMD')),
    healthcheck: json(args('HEALTHCHECK').slice(1)),
    copies: stage.filter((i) => i.getKeyword() === 'COPY').map((i) => copyOf(i as Copy)),
    packages: /apt-get install -y --no-install-recommends ([^&]+)/.exec(run)?.[1]?.trim().split(/\s+/) ?? [],
    run,
  };
}

/**
 * Lays the files of the image out below `root`, by the Dockerfile's own COPY lines: from the build context, from this
 * checkout's `dist`, and from its `node_modules` what the lock file needs in production. Hard links where they can be.
 */
export function stageImage(image: Image, root: string): void {
  for (const { from, sources, target } of image.copies) {
    for (const source of sources) {
      const many = sources.length > 1 || target.endsWith('/');
      const to = join(
        root,
        resolve(image.workdir, many ? join(target, source.split('/').at(-1) ?? '') : target),
      );
      mkdirSync(dirname(to), { recursive: true });
      if (from === 'dependencies') linkProductionPackages(to);
      else link(from === null ? inContext(source) : join(REPOSITORY, source.replace(image.workdir, '.')), to);
    }
  }
  // Whoever runs the tests may have a private temporary directory; an image is for everybody to read.
  for (let at = join(root, image.workdir); at.startsWith(root); at = dirname(at)) chmodSync(at, 0o755);
}

/** A source the .dockerignore would keep out is no source. */
function inContext(source: string): string {
  const rules = readFileSync(join(REPOSITORY, '.dockerignore'), 'utf8').split('\n');
  const allowed = rules.some((rule) => rule === `!${source}` || source.startsWith(`${rule.slice(1)}/`));
  if (!allowed) throw new Error(`.dockerignore keeps ${source} out of the build`);
  return join(REPOSITORY, source);
}

function linkProductionPackages(to: string): void {
  const modules = realpathSync(join(REPOSITORY, 'node_modules'));
  const lock = JSON.parse(readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  for (const [path, { dev, devOptional }] of Object.entries(lock.packages)) {
    const name = path.replace('node_modules/', '');
    if (path === '' || name.includes('node_modules/') || dev || devOptional) continue;
    if (existsSync(join(modules, name))) link(join(modules, name), join(to, name));
  }
}

function link(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  // `-l` fails across file systems.
  if (spawnSync('cp', ['-al', from, to]).status !== 0) cpSync(from, to, { recursive: true });
}

function copyOf(instruction: Copy): ImageCopy {
  const all = argumentsOf(instruction);
  return {
    from: instruction.getFromFlag()?.getValue() ?? null,
    sources: all.slice(0, -1),
    target: all.at(-1) ?? '',
  };
}

function argumentsOf(instruction: Instruction | undefined): string[] {
  return instruction?.getArguments().map((a) => a.getValue()) ?? [];
}

function json(args: readonly string[]): string[] {
  return JSON.parse(args.join('')) as string[];
}
