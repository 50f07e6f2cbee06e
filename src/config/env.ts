import 'reflect-metadata';
import { validateSync } from 'class-validator';
import { AccessEnv } from './access-env.js';
import { parseInto, variablesOf, type EnvVariable } from './env-variable.js';
import { ListenerEnv } from './listener-env.js';
import { NUMBERED_KEY_VARIABLE, ResourceEnv } from './resource-env.js';
import { StorageEnv } from './storage-env.js';
import { TracingEnv } from './tracing-env.js';
import { UpstreamEnv } from './upstream-env.js';
import { WebsocketEnv } from './websocket-env.js';
import { WorkerEnv } from './worker-env.js';

/** The environment, parsed and checked value by value; what spans several variables is checked by `loadConfig`. */
export interface Env {
  readonly resources: ResourceEnv;
  readonly listener: ListenerEnv;
  readonly upstream: UpstreamEnv;
  readonly websocket: WebsocketEnv;
  readonly access: AccessEnv;
  readonly storage: StorageEnv;
  readonly worker: WorkerEnv;
  readonly tracing: TracingEnv;
}

export interface EnvSection {
  readonly title: string;
  readonly variables: readonly EnvVariable[];
}

/** Every variable there is, once, in the order of the documentation. */
export const ENV_SECTIONS: readonly EnvSection[] = [
  { title: 'Keys', variables: resourceVariables() },
  { title: 'Listener', variables: variablesOf(ListenerEnv) },
  { title: 'Upstream and routing', variables: variablesOf(UpstreamEnv) },
  { title: 'WebSocket', variables: variablesOf(WebsocketEnv) },
  { title: 'Access and logs', variables: variablesOf(AccessEnv) },
  { title: 'Storage', variables: variablesOf(StorageEnv) },
  { title: 'Worker', variables: variablesOf(WorkerEnv) },
  { title: 'Traces', variables: variablesOf(TracingEnv) },
];

/** Parses every declared variable and adds what is wrong to `problems`. */
export function readEnv(raw: ReadonlyMap<string, string>, problems: string[]): Env {
  return {
    resources: readClass(ResourceEnv, raw, problems),
    listener: readClass(ListenerEnv, raw, problems),
    upstream: readClass(UpstreamEnv, raw, problems),
    websocket: readClass(WebsocketEnv, raw, problems),
    access: readClass(AccessEnv, raw, problems),
    storage: readClass(StorageEnv, raw, problems),
    worker: readClass(WorkerEnv, raw, problems),
    tracing: readClass(TracingEnv, raw, problems),
  };
}

function readClass<T extends object>(
  target: new () => T,
  raw: ReadonlyMap<string, string>,
  problems: string[],
): T {
  const instance = new target();
  parseInto(instance, raw);
  const variables = new Map(variablesOf(target).map((variable) => [variable.name, variable]));
  for (const error of validateSync(instance)) {
    const message = Object.values(error.constraints ?? {}).join('; ');
    const note = noteOn(variables.get(error.property), raw.get(error.property) ?? '');
    problems.push(`${message} (${note})`);
  }
  return instance;
}

/** An URL, a part of one or a key in the wrong variable: somebody pasted what was meant for another. */
const MAY_HOLD_CREDENTIALS = /:\/\/|@|sk-|rpx_|bearer|token|passw|secret/i;

/** What the message says about the value that was refused. */
function noteOn(variable: EnvVariable | undefined, text: string): string {
  if (variable?.secret !== false) return 'the value is a secret and not shown';
  if (variable.address === true || MAY_HOLD_CREDENTIALS.test(text))
    return 'the value is not shown: it may hold credentials';
  return `it is ${shown(text)}`;
}

/** Quoted and bounded: a value may hold newlines or be very long. */
function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function resourceVariables(): readonly EnvVariable[] {
  const [single, list, ...rest] = variablesOf(ResourceEnv);
  return [single, list, NUMBERED_KEY_VARIABLE, ...rest].filter((v) => v !== undefined);
}
