import { findingsOf, type Diagnosis } from '../diagnosis/diagnose.js';
import type { Finding, Severity } from '../diagnosis/finding.js';
import type { ToldCodexFile } from '../diagnosis/told-codex-file.js';
import type { ToldKey } from '../diagnosis/told-key.js';
import { plain, table, type Column } from './admin/table.js';

const COLOURS = { error: 31, warning: 33, note: 36, ok: 32, dim: 2, bold: 1 } as const;
const MARKS: Readonly<Record<Severity, string>> = { error: '✗', warning: '!', note: 'i' };

/** Of the models of a key; programs are told all of them. */
const MOST_MODELS = 4;

export interface Told {
  readonly diagnosis: Diagnosis;
  readonly about: string;
  readonly keys: readonly ToldKey[];
  readonly codexFiles: readonly ToldCodexFile[];
  /** Where a section of the documents can be opened. */
  readonly docsAt: (docs: string) => string;
}

/**
 * For people: the worst first, then what was well, then what could not be seen. Upstreams and clients say what they
 * like, and who answers at an address may be anybody: no field reaches the terminal as it came.
 */
export function doctorText({ diagnosis, about, keys, codexFiles, docsAt }: Told, colours: boolean): string {
  const paint = (how: keyof typeof COLOURS, text: string): string =>
    colours ? `\u001b[${COLOURS[how]}m${text}\u001b[0m` : text;
  const findings = findingsOf(diagnosis);
  const blocks = findings.map((finding) => block({ ...finding, docs: docsAt(finding.docs) }, paint));
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
    ...listed(KEY_COLUMNS, keys),
    ...listed(CODEX_COLUMNS, codexFiles),
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

const KEY_COLUMNS: readonly Column<ToldKey>[] = [
  { title: 'key', value: (key) => key.resource_id },
  { title: 'from', value: (key) => key.origin },
  {
    title: 'status',
    value: ({ status, reason }) => (status === 'healthy' ? status : `${status} (${reason})`),
  },
  { title: 'organisation', value: (key) => key.organization ?? 'not known' },
  { title: 'models', value: modelsOf, max: 160 },
];

const CODEX_COLUMNS: readonly Column<ToldCodexFile>[] = [
  { title: 'codex file', value: ({ path }) => path, max: 120 },
  { title: 'provider', value: ({ provider }) => provider ?? 'openai (built in)' },
  { title: 'address', value: (file) => file.base_url ?? '–', max: 120 },
  {
    title: 'leads here',
    value: (file) => (file.problems > 0 ? 'cannot be used' : file.points_here ? 'yes' : 'no'),
  },
];

function listed<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  return rows.length === 0 ? [] : [`${table(columns, rows).join('\n')}\n`];
}

function modelsOf({ models, denied_models: denied }: ToldKey): string {
  const some = models === null ? 'it did not say' : shortened(models);
  return denied.length === 0 ? some : `${some}; refused for ${shortened(denied)}`;
}

function shortened(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const more = names.length - MOST_MODELS;
  return `${names.slice(0, MOST_MODELS).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function summary(findings: readonly Finding[]): string {
  const count = (severity: Severity, word: string): string[] => {
    const n = findings.filter((one) => one.severity === severity).length;
    return n === 0 ? [] : [`${n} ${word}${n === 1 ? '' : 's'}`];
  };
  const counts = [...count('error', 'error'), ...count('warning', 'warning'), ...count('note', 'note')];
  return counts.length === 0 ? 'Nothing is wrong.' : `${counts.join(', ')}.`;
}
