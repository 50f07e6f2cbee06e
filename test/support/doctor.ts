import type { ProxyProcess } from './proxy-process.js';
import { runCli, type CliResult } from './run-cli.js';

export interface FoundThing {
  readonly id: string;
  readonly severity: 'error' | 'warning' | 'note';
  readonly symptom: string;
  readonly evidence: readonly string[];
  readonly cause: string;
  readonly fix: string;
  readonly docs: string;
  /** Of the command. */
  readonly docs_url?: string;
}

export interface Diagnostics {
  readonly status: 'ok' | 'warning' | 'error';
  readonly proxy?: string;
  readonly findings: readonly FoundThing[];
  readonly checks: readonly { readonly name: string; readonly outcome: string }[];
  readonly keys: readonly (Readonly<Record<string, unknown>> & { readonly resource_id: string })[];
  readonly codex_files: readonly Readonly<Record<string, unknown>>[];
}

/** What the running process finds. */
export const diagnostics = (proxy: ProxyProcess, token?: string): Promise<Diagnostics> =>
  proxy.admin<Diagnostics>('/admin/diagnostics', {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });

export const found = ({ findings }: Diagnostics, id: string): FoundThing | undefined =>
  findings.find((one) => one.id === id);

export interface DoctorRun extends CliResult {
  readonly json: Diagnostics;
}

/** The command, with nothing of this environment. */
export async function doctor(
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<DoctorRun> {
  const ended = await runCli(['doctor', '--json', ...args], env);
  try {
    return { ...ended, json: JSON.parse(ended.stdout) as Diagnostics };
  } catch {
    throw new Error(`doctor said no JSON: ${ended.stdout}\n${ended.stderr}`);
  }
}
