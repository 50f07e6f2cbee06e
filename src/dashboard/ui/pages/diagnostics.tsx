import type { JSX } from 'preact';
import { ErrorNotice } from '../components/notice.js';
import { Page } from '../components/page.js';
import { useRead } from '../components/read.js';
import { Time } from '../components/time.js';
import type { Diagnosis } from '../diagnosis/diagnosis-wire.js';
import { DiagnosisReport } from '../diagnosis/diagnosis-report.js';
import { duration } from '../format.js';

const VERDICTS = {
  ok: { text: 'Nothing is wrong.', tone: 'good' },
  warning: { text: 'It works, with warnings.', tone: 'warn' },
  error: { text: 'Something is broken.', tone: 'bad' },
} as const;

export function DiagnosticsPage(): JSX.Element {
  const { data, error, loading, reload } = useRead<Diagnosis>('/admin/diagnostics');
  return (
    <Page
      title="Diagnostics"
      lead="The checks of “responses-proxy doctor”, as far as this process can see."
      actions={
        <button type="button" class="primary" disabled={loading} onClick={reload}>
          {loading ? 'Running…' : 'Run again'}
        </button>
      }
    >
      <div role="status">
        {data === null && error === null && <p class="hint">Asking every key and looking around…</p>}
        {data !== null && <Verdict diagnosis={data} />}
      </div>
      {error !== null && <ErrorNotice error={error} retry={reload} />}
      {data !== null && <DiagnosisReport diagnosis={data} />}
    </Page>
  );
}

function Verdict({ diagnosis }: { diagnosis: Diagnosis }): JSX.Element {
  const { text, tone } = VERDICTS[diagnosis.status];
  const ok = diagnosis.checks.filter(({ outcome }) => outcome === 'ok').length;
  const counted = (severity: string): string => {
    const found = diagnosis.findings.filter((one) => one.severity === severity).length;
    return `${found} ${severity}${found === 1 ? '' : 's'}`;
  };
  return (
    <>
      <p class={`answer ${tone}`}>
        <strong>{text}</strong>
      </p>
      <p class="hint">
        {`${counted('error')}, ${counted('warning')}, ${counted('note')}; ${ok} of ${diagnosis.checks.length} checks ok. Took ${duration(diagnosis.duration_ms)}, at `}
        <Time at={diagnosis.timestamp} />
        {`, version ${diagnosis.version}.`}
      </p>
    </>
  );
}
