import { ConfigError } from '../config/config-error.js';
import type { AppConfig } from '../config/app-config.js';
import { loadConfig } from '../config/load-config.js';
import { processEnvironment } from '../config/process-environment.js';
import { askProxy, type ProxySeen } from '../diagnosis/ask-proxy.js';
import { codexFiles } from '../diagnosis/codex-files.js';
import { diagnose, findingsOf, merge, type Diagnosis } from '../diagnosis/diagnose.js';
import type { CodexFileFacts, Facts, PublicUrlFacts, SettingsFacts, TurnFacts } from '../diagnosis/facts.js';
import { isReadableOnTheWay, ownAddress } from '../diagnosis/own-address.js';
import { SelfTestClient } from '../diagnosis/self-test-client.js';
import { toldCodexFile, type ToldCodexFile } from '../diagnosis/told-codex-file.js';
import { toldKey, type ToldKey } from '../diagnosis/told-key.js';
import { runTurn } from '../diagnosis/turn-client.js';
import { DOCTOR_HELP, readDoctorArguments, type DoctorArguments } from './doctor-arguments.js';
import { docsBaseOf, docsPlace } from './docs-place.js';
import { doctorText } from './doctor-output.js';
import { EXIT } from './exit-code.js';
import { packageVersion } from './package-version.js';

const DEFAULT_PORT = 8000;
const NOT_SENT = 'PROXY_ADMIN_TOKEN was not sent over plain http to another machine';
const EXITS = { ok: EXIT.ok, warning: EXIT.warnings, error: EXIT.errors } as const;

export async function doctorCommand(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(DOCTOR_HELP);
    return EXIT.ok;
  }
  const asked = readDoctorArguments(args);
  if (typeof asked === 'string') {
    process.stderr.write(`${asked}\n\n${DOCTOR_HELP}`);
    return EXIT.usage;
  }
  const examined = await examine(asked);
  process.stdout.write(asked.json ? json(examined) : text(examined));
  return EXITS[examined.diagnosis.status];
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Examined {
  readonly diagnosis: Diagnosis;
  readonly seen: ProxySeen;
  /** Null where nobody could see them. */
  readonly keys: readonly ToldKey[] | null;
  /** Of whoever runs the doctor. */
  readonly codexFiles: readonly ToldCodexFile[];
  /** Of a proxy that serves its documents; null = none answers. */
  readonly docsBase: string | null;
}

async function examine({ url, idleSeconds, model }: DoctorArguments): Promise<Examined> {
  const environment = processEnvironment();
  const now = Date.now();
  const config = configOf(environment);
  const local = localAddress(config, environment);
  const here = await askProxy(local, tokenOf(environment));
  const seen = isOurs(here) || url === null ? here : ((await askOutside(url, environment)) ?? here);
  const files = filesOfCodex(environment, addressesOf(local, url));
  const around: Facts = {
    now,
    publicUrl: url === null ? null : await testThrough(url, environment, idleSeconds),
    turn: model === null ? null : await turnThrough(url ?? local, environment, model),
    process: seen.process,
    codexFiles: files,
  };
  const docsBase = await docsBaseOf(docsAddresses(seen, around.publicUrl ?? null));
  const told = { seen, keys: seen.keys, codexFiles: files.map(toldCodexFile), docsBase };
  if (seen.diagnosis !== null) return { ...told, diagnosis: merge(seen.diagnosis, diagnose(around)) };
  // Of a process that does not tell, this environment may say nothing: it may have been started with another one.
  const unseen = isOurs(seen) ? {} : await withoutProcess(config, now);
  return { ...told, diagnosis: diagnose({ ...unseen, ...around }), keys: unseen.keys?.map(toldKey) ?? null };
}

function filesOfCodex(environment: Environment, here: readonly string[]): CodexFileFacts[] {
  const isSet = (name: string): boolean => (environment[name] ?? '') !== '';
  return codexFiles(environment, process.cwd(), { here, isSet });
}

/** The address that clients use may be open where this one is not: a container's, say. */
function docsAddresses(seen: ProxySeen, publicUrl: PublicUrlFacts | null): string[] {
  return [
    ...(publicUrl?.reach.ok === true ? [publicUrl.url] : []),
    ...(isOurs(seen) ? [seen.process.url] : []),
  ];
}

const tokenOf = (environment: Environment): string | null => environment['PROXY_ADMIN_TOKEN']?.trim() || null;

/** The proxy, and not what a start would find in its place. */
function isOurs({ process: { state } }: ProxySeen): boolean {
  return state === 'running' || state === 'refused' || state === 'outside';
}

/** Behind the address of clients; null when nobody answers there either. The operator may be at another machine. */
async function askOutside(url: string, environment: Environment): Promise<ProxySeen | null> {
  const token = tokenOf(environment);
  const withheld = token !== null && isReadableOnTheWay(url);
  const seen = await askProxy(url, withheld ? null : token);
  const { state } = seen.process;
  if (state === 'not_there' || state === 'silent') return null;
  if (state === 'running' || (state === 'refused' && token !== null && !withheld)) return seen;
  const said = withheld ? NOT_SENT : token === null ? 'PROXY_ADMIN_TOKEN is not set' : seen.process.said;
  return { ...seen, process: { ...seen.process, state: 'outside', said } };
}

/** Says what it waits for: the silence is as long as a model may think. */
async function testThrough(
  url: string,
  environment: Environment,
  idleSeconds: number,
): Promise<PublicUrlFacts> {
  const clientKey = environment['RPX_CLIENT_KEY']?.trim() || null;
  const token = tokenOf(environment);
  const withheld = clientKey === null && token !== null && isReadableOnTheWay(url);
  if (process.stderr.isTTY)
    process.stderr.write(`testing ${url}, with ${idleSeconds} s of silence (--idle 0 leaves it out)\n`);
  const client = new SelfTestClient(url, clientKey ?? (withheld ? null : token));
  const facts = await client.run(Math.round(idleSeconds * 1000));
  const { reach } = facts;
  return withheld && !reach.ok
    ? { ...facts, reach: { ok: false, said: `${reach.said}; ${NOT_SENT}` } }
    : facts;
}

function turnThrough(url: string, environment: Environment, model: string): Promise<TurnFacts> {
  if (process.stderr.isTTY) process.stderr.write(`asking ${model} at ${url}\n`);
  return runTurn(url, environment['RPX_CLIENT_KEY']?.trim() || null, model);
}

async function withoutProcess(config: AppConfig | ConfigError, now: number): Promise<Partial<Facts>> {
  if (config instanceof ConfigError) return { settings: unusable(config) };
  const { factsWithoutProcess } = await import('../doctor.js');
  return factsWithoutProcess(config, now);
}

function configOf(environment: Environment): AppConfig | ConfigError {
  try {
    return loadConfig(environment, packageVersion());
  } catch (e: unknown) {
    if (e instanceof ConfigError) return e;
    throw e;
  }
}

/** All that can be said of a configuration that cannot be read. */
function unusable({ problems }: ConfigError): SettingsFacts {
  return {
    host: '127.0.0.1',
    port: DEFAULT_PORT,
    problems,
    warnings: [],
    databaseKind: 'sqlite',
    databaseOrigin: '',
    ignoredDatabases: [],
    redis: false,
    captureBytes: 0,
    retentionDays: 0,
    bodyRetentionDays: 0,
    websocket: true,
    tlsUnchecked: false,
  };
}

function localAddress(config: AppConfig | ConfigError, environment: Environment): string {
  if (config instanceof ConfigError) {
    const port = environment['PORT']?.trim() ?? '';
    return `http://127.0.0.1:${/^\d{1,5}$/.test(port) ? port : DEFAULT_PORT}`;
  }
  const { host, port } = config.server;
  const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' };
  return `http://${everywhere[host] ?? (host.includes(':') ? `[${host}]` : host)}:${port || DEFAULT_PORT}`;
}

function addressesOf(...urls: readonly (string | null)[]): string[] {
  return urls.map((url) => ownAddress(url ?? '')).filter((address) => address !== '');
}

function text({ diagnosis, keys, codexFiles: files, seen, docsBase }: Examined): string {
  const {
    process: { url, state },
    version,
  } = seen;
  const about =
    state === 'running'
      ? `responses-proxy ${version ?? ''} at ${url}`
      : `responses-proxy ${packageVersion()}, ${state === 'outside' ? 'from outside of' : 'no proxy to ask at'} ${url}`;
  const colours = process.stdout.isTTY && !processEnvironment()['NO_COLOR'];
  const docsAt = (docs: string): string => docsPlace(docs, docsBase);
  return doctorText({ diagnosis, about, keys: keys ?? [], codexFiles: files, docsAt }, colours);
}

function json({ diagnosis, keys, codexFiles: files, seen, docsBase }: Examined): string {
  const { status, checks } = diagnosis;
  const { process: asked, version } = seen;
  const document = {
    status,
    url: asked.url,
    proxy: asked.state,
    version,
    findings: findingsOf(diagnosis).map((one) => ({ ...one, docs_url: docsPlace(one.docs, docsBase) })),
    keys,
    codex_files: files,
    checks,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
