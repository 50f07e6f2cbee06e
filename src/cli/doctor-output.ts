import { findingsOf, type Diagnosis } from '../diagnosis/diagnose.js';
import type { Finding, Severity } from '../diagnosis/finding.js';
import { plain } from './admin/table.js';

const COLOURS = { error: 31, warning: 33, note: 36, ok: 32, dim: 2, bold: 1 } as const;
const MARKS: Readonly<Record<Severity, string>> = { error: '✗', warning: '!', note: 'i' };

/**
 * For people: the worst first, then what was well, then what could not be seen. Upstreams and clients say what they
 * like, and who answers at an address may be anybody: no field reaches the terminal as it came.
 */
export function doctorText(diagnosis: Diagnosis, about: string, colours: boolean): string {
  const paint = (how: keyof typeof COLOURS, text: string): string =>
    colours ? `\u001b[${COLOURS[how]}m${text}\u001b[0m` : text;
  const findings = findingsOf(diagnosis);
  const blocks = findings.map((finding) => block(finding, paint));
  const titles = (outcome: 'ok' | 'skipped'): string[] =>
    diagnosis.checks.filter((one) => one.outcome === outcome).map(({ title }) => plain(title));
  const skipped = diagnosis.checks.filter(({ outcome }) => outcome === 'skipped');
  const reasons = [...new Set(skipped.map(({ detail }) => detail ?? ''))];
  const last = [
    ...(titles('ok').length > 0 ? [`${paint('ok', '✓')} ${titles('ok').join(', ')}`] : []),
    ...reasons.map((reason) => {
      const without = skipped
        .filter(({ detail }) => (detail ?? '') === reason)
        .map(({ title }) => plain(title));
      return `${paint('dim', '–')} not looked at: ${without.join(', ')} (${plain(reason)})`;
    }),
  ];
  return [
    `${paint('bold', plain(about))}\n`,
    ...blocks,
    `${last.join('\n')}\n`,
    `${summary(findings)}\n`,
  ].join('\n');
}

type Paint = (how: keyof typeof COLOURS, text: string) => string;

function block({ id, severity, symptom, evidence, cause, fix, docs }: Finding, paint: Paint): string {
  const lines = [
    `${paint(severity, `${MARKS[severity]} ${plain(symptom)}`)} ${paint('dim', `[${plain(id)}]`)}`,
    ...evidence.map((line) => `    ${paint('dim', 'seen')}  ${plain(line)}`),
    `    ${paint('dim', 'why ')}  ${plain(cause)}`,
    `    ${paint('dim', 'do  ')}  ${plain(fix)}`,
    `    ${paint('dim', 'more')}  ${plain(docs)}`,
  ];
  return `${lines.join('\n')}\n`;
}

function summary(findings: readonly Finding[]): string {
  const count = (severity: Severity, word: string): string[] => {
    const n = findings.filter((one) => one.severity === severity).length;
    return n === 0 ? [] : [`${n} ${word}${n === 1 ? '' : 's'}`];
  };
  const counts = [...count('error', 'error'), ...count('warning', 'warning'), ...count('note', 'note')];
  return counts.length === 0 ? 'Nothing is wrong.' : `${counts.join(', ')}.`;
}
