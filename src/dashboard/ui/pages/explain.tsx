import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { sendJson } from '../api.js';
import { Page } from '../components/page.js';
import type { RouteExplanation } from '../diagnosis/diagnosis-wire.js';
import { bodyOf, draftOf, type ExplainDraft, queryOf } from '../diagnosis/explain-draft.js';
import { ExplainForm } from '../diagnosis/explain-form.js';
import { Explanation } from '../diagnosis/explanation.js';
import { Form } from '../forms/form.js';
import { go, href, route } from '../router.js';

/** The question stands in the address; asking is going there. */
export function ExplainPage(): JSX.Element {
  const { query } = route.value;
  const asked = query.toString();
  const form = useMemo(() => new Form<ExplainDraft>(draftOf(query)), []);
  const explained = useSignal<RouteExplanation | null>(null);
  const ask = (): void => {
    void form.run('save', async () => {
      explained.value = null;
      explained.value = await sendJson<RouteExplanation>(
        'POST',
        '/admin/route/explain',
        bodyOf(form.values.value),
      );
    });
  };
  const submit = (): void => {
    const question = queryOf(form.values.value);
    if (href('/explain', question) === location.hash) ask();
    else go('/explain', question);
  };
  useEffect(() => {
    if (!query.has('asked')) return;
    form.set(draftOf(query));
    ask();
  }, [asked]);
  return (
    <Page
      title="Explain a route"
      lead="Where a request would go now, and why nowhere else. Nothing is sent, counted, bound or recorded."
    >
      <ExplainForm form={form} ask={submit} />
      <div role="status">{explained.value !== null && <Explanation explained={explained.value} />}</div>
    </Page>
  );
}
