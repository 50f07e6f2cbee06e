import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import { readCodexConfig } from '../../src/diagnosis/codex-config.js';
import type { DashboardPage } from './dashboard-page.js';
import { runCli } from './run-cli.js';

interface Printed {
  readonly command: string;
  readonly overrides: readonly string[];
  readonly toml: string;
}

/** That the page shows what `codex --print` prints for its address, and that a shell and Codex can read it. */
export async function expectCodexAsPrinted(on: DashboardPage, ...options: string[]): Promise<void> {
  const { code, stdout } = await runCli(['codex', '--print', '--json', '--url', on.url, ...options]);
  expect(code).toBe(0);
  const printed = JSON.parse(stdout) as Printed;
  const shown = (name: string): Promise<string | null> =>
    on.page.getByRole('group', { name, exact: true, includeHidden: true }).textContent();
  const command = (await shown('Codex command')) ?? '';
  expect([command, await shown('Codex configuration')]).toEqual([printed.command, printed.toml]);
  const script = `codex() { printf '%s\\n' "$@"; }\n${command}`;
  const words = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }).trimEnd().split('\n');
  expect(words).toEqual(printed.overrides.flatMap((override) => ['-c', override]));
  const around = { here: [new URL(on.url).host], isSet: () => true };
  expect(readCodexConfig('config.toml', printed.toml, around)).toMatchObject({
    problems: [],
    pointsHere: true,
  });
}
