import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';
import { REPOSITORY } from './image.js';

export interface Manifest {
  readonly file: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  // eslint-disable-next-line typescript/no-explicit-any -- as deep as the API server's own types, checked by `mistyped`
  readonly spec: any;
}

/** Every object of docker/kubernetes that a cluster would be given. */
export function readManifests(): Manifest[] {
  const folder = join(REPOSITORY, 'docker/kubernetes');
  const files = readdirSync(folder).filter((file) => file !== 'kustomization.yaml');
  return files.flatMap((file) =>
    parseAllDocuments(readFileSync(join(folder, file), 'utf8'), { merge: true }).map((document) => ({
      ...(document.toJS() as Manifest),
      file,
    })),
  );
}

/** What the published schemas of Kubernetes say about values. */
export async function invalid(manifests: readonly Manifest[]): Promise<string[]> {
  const found: string[] = [];
  for (const { file, ...manifest } of manifests) {
    const module = `kubernetes-models/${manifest.apiVersion}`;
    const models = (await import(/* @vite-ignore */ module)) as Record<string, ModelClass>;
    const Model = models[manifest.kind];
    if (Model === undefined) {
      found.push(`${file}: no ${manifest.kind} in ${manifest.apiVersion}`);
      continue;
    }
    try {
      new Model(manifest).validate();
    } catch (error) {
      found.push(`${file}: ${String(error)}`);
    }
  }
  return found;
}

type ModelClass = new (data: unknown) => { validate: () => void };

/** Unknown and misplaced fields, which the schemas let pass: object literals against the types made from them. */
export function mistyped(manifests: readonly Manifest[]): string[] {
  const path = join(REPOSITORY, 'test/manifests.generated.ts');
  const text = manifests
    .map((m, n) => {
      const type = `import('kubernetes-models/${m.apiVersion}').I${m.kind}`;
      return `export const m${n}: ${type} = ${JSON.stringify({ ...m, file: undefined })};`;
    })
    .join('\n');
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const fileExists = host.fileExists.bind(host);
  const getSourceFile = host.getSourceFile.bind(host);
  host.fileExists = (name): boolean => name === path || fileExists(name);
  host.getSourceFile = (name, version, ...rest): ts.SourceFile | undefined =>
    name === path ? ts.createSourceFile(name, text, version) : getSourceFile(name, version, ...rest);
  const program = ts.createProgram([path], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ start = 0, messageText }) => {
    const line = text.slice(0, start).split('\n').length - 1;
    return `${manifests[line]?.file}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}
