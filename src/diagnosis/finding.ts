/** `note`: worth knowing, nothing to do. */
export type Severity = 'error' | 'warning' | 'note';

/** One thing that is wrong, for the person who has to mend it. */
export interface Finding {
  /** Stable: `key_refused`. */
  readonly id: string;
  readonly severity: Severity;
  /** What somebody notices. */
  readonly symptom: string;
  /** What was seen that says so. */
  readonly evidence: readonly string[];
  readonly cause: string;
  /** To do, or to copy. */
  readonly fix: string;
  /** `docs/troubleshooting.md#…`. */
  readonly docs: string;
}

export const GUIDE = 'docs/troubleshooting.md';

/** Section of the guide. */
export function section(name: string): string {
  return `${GUIDE}#${name}`;
}
