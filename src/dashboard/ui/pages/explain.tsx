import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { sendJson } from '../api.js';
import { Page } from '../components/page.js';
import { bodyOf, draftOf, type ExplainDraft, queryOf } from '../diagnosis/explain-draft.js';
import { ExplainForm } from '../diagnosis/explain-form.js';
import { Explanation } from '../diagnosis/explanation.js';
import { Form } from '../forms/form.js';
import { go, route } from '../router.js';
import type { Decision } from '../wire.js';

export function ExplainPage(): JSX.Element {
  const form = useMemo(() => new Form<ExplainDraft>(draftOf(route.peek().query)), []);
  const decision = useSignal<Decision | null>(null);
  const ask = (): void => {
    const draft = form.values.value;
    go('/explain', queryOf(draft));
    void form.run('save', async () => {
      decision.value = null;
      decision.value = await sendJson<Decision>('POST', '/admin/route/explain', bodyOf(draft));
    });
  };
  useEffect(() => {
    if (route.peek().query.has('asked')) ask();
  }, []);
  return (
    <Page
      title="Explain a route"
      lead="Where a request would go now, and why nowhere else. Nothing is sent, counted, bound or recorded."
    >
      <ExplainForm form={form} ask={ask} />
      <div role="status">{decision.value !== null && <Explanation decision={decision.value} />}</div>
    </Page>
  );
}
