import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { type BodyContent, prettyJson, readable } from '../body-content.js';
import { carriedText } from '../carried-text.js';
import { bytes } from '../format.js';
import type { CapturedBody } from '../wire-history.js';
import { BodyText } from './body-text.js';
import { Copy } from './copy.js';
import { Download } from './download.js';
import { Empty, ErrorNotice } from './notice.js';

/** What was captured. Nothing is read before somebody asks: bodies are conversations, and long. */
export function Bodies(props: { id: string; bodies: readonly CapturedBody[] }): JSX.Element {
  return (
    <section aria-labelledby="bodies-title">
      <h2 id="bodies-title">Captured bodies</h2>
      {props.bodies.length === 0 && (
        <Empty>
          Nothing was captured, or it has been pruned. PROXY_MAX_CAPTURE_BYTES says how much is kept.
        </Empty>
      )}
      {props.bodies.map((body) => (
        <Body key={body.direction} id={props.id} body={body} />
      ))}
    </section>
  );
}

function Body({ id, body }: { id: string; body: CapturedBody }): JSX.Element {
  const content = useSignal<BodyContent | null>(null);
  const error = useSignal<unknown>(null);
  const busy = useSignal(false);
  const { direction } = body;
  const path = `/admin/requests/${encodeURIComponent(id)}/body/${direction}`;
  const read = async (): Promise<void> => {
    busy.value = true;
    error.value = null;
    try {
      content.value = await readable(path);
    } catch (cause: unknown) {
      error.value = cause;
    } finally {
      busy.value = false;
    }
  };
  return (
    <div class="card body" data-body={direction}>
      <div class="section-head">
        <h3>{direction === 'request' ? 'Request' : 'Response'}</h3>
        <span class="hint">{describe(body)}</span>
        <div class="actions">
          {content.value === null && (
            <button type="button" disabled={busy.value} onClick={() => void read()}>
              {busy.value ? 'Reading…' : `Show ${direction} body`}
            </button>
          )}
          {content.value !== null && <Copy text={content.value.text} what={`${direction} body`} />}
          <Download path={path} name={`${id}-${direction}.txt`}>
            Download
          </Download>
        </div>
      </div>
      {error.value !== null && <ErrorNotice error={error.value} />}
      {content.value !== null && <Content direction={direction} content={content.value} />}
    </div>
  );
}

function Content(props: { direction: string; content: BodyContent }): JSX.Element {
  const { text, note } = props.content;
  const pretty = prettyJson(text);
  return (
    <>
      {note !== null && <p class="warn">{note}</p>}
      <BodyText
        name={props.direction}
        text={text}
        carried={pretty === null ? carriedText(text) : null}
        pretty={pretty}
      />
    </>
  );
}

function describe({ content_type, content_encoding, size, captured_size, truncated }: CapturedBody): string {
  const coding = content_encoding === null ? '' : `, ${content_encoding}`;
  const kept = truncated ? `, the first ${bytes(captured_size)} kept` : '';
  return `${content_type ?? 'no content type'}${coding}, ${bytes(size)}${kept}`;
}
