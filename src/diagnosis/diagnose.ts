import { CHECKS } from './checks.js';
import type { Facts } from './facts.js';
import type { Finding, Severity } from './finding.js';

export type Outcome = 'ok' | Severity | 'skipped';

export interface CheckResult {
  readonly name: string;
  readonly title: string;
  readonly outcome: Outcome;
  /** Why it was skipped, or that it failed. */
  readonly detail: string | null;
  readonly findings: readonly Finding[];
}

export interface Diagnosis {
  /** Of the worst finding; notes do not count. */
  readonly status: 'ok' | 'warning' | 'error';
  readonly checks: readonly CheckResult[];
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];

/** Asks every check. Pure. */
export function diagnose(facts: Facts, checks = CHECKS): Diagnosis {
  return summed(
    checks.map(({ name, title, otherwise, look }) => {
      const findings = look(facts);
      if (findings === null) return { name, title, outcome: 'skipped', detail: otherwise, findings: [] };
      return { name, title, outcome: worst(findings) ?? 'ok', detail: null, findings };
    }),
  );
}

/** The proxy's own view and the one from here: whoever could see something has the word. */
export function merge(there: Diagnosis, here: Diagnosis): Diagnosis {
  const seen = new Map(there.checks.map((one) => [one.name, one]));
  const mine = here.checks.map((one) => {
    const theirs = seen.get(one.name);
    seen.delete(one.name);
    return theirs === undefined || theirs.outcome === 'skipped' ? one : theirs;
  });
  // A newer proxy may know more questions than this program.
  return summed([...mine, ...seen.values()]);
}

export function findingsOf({ checks }: Diagnosis): Finding[] {
  const all = checks.flatMap(({ findings }) => findings);
  return SEVERITIES.flatMap((severity) => all.filter((one) => one.severity === severity));
}

function summed(checks: readonly CheckResult[]): Diagnosis {
  const outcome = worst(checks.flatMap(({ findings }) => findings));
  return { status: outcome === 'note' || outcome === null ? 'ok' : outcome, checks };
}

function worst(findings: readonly Finding[]): Severity | null {
  return SEVERITIES.find((severity) => findings.some((one) => one.severity === severity)) ?? null;
}
