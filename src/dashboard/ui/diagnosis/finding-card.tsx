import type { JSX } from 'preact';
import { guidePath } from '../../../diagnosis/docs-link.js';
import { Copy } from '../components/copy.js';
import type { Finding } from './diagnosis-wire.js';

/** One thing that is wrong, in the order in which somebody mends it. */
export function FindingCard({ finding }: { finding: Finding }): JSX.Element {
  return (
    <li class={`card finding ${finding.severity}`} data-finding={finding.id}>
      <h3>{finding.symptom}</h3>
      <dl>
        {finding.evidence.length > 0 && (
          <div>
            <dt>Seen</dt>
            <dd>
              <ul>
                {finding.evidence.map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
            </dd>
          </div>
        )}
        <div>
          <dt>Cause</dt>
          <dd>{finding.cause}</dd>
        </div>
        <div>
          <dt>To do</dt>
          <dd>
            <pre>{finding.fix}</pre>
            <Copy text={commandOf(finding.fix)} what={`what to do about: ${finding.symptom}`} />
          </dd>
        </div>
        <div>
          <dt>More</dt>
          <dd class="hint">
            <a href={guidePath(finding.docs)} target="_blank" rel="noreferrer">
              {docsText(finding.docs)}
            </a>
          </dd>
        </div>
      </dl>
    </li>
  );
}

/** Some shells take a comment that is typed for arguments. */
function commandOf(fix: string): string {
  return fix.split('   # ')[0] ?? fix;
}

/** For people who have the documents open elsewhere, too. */
function docsText(docs: string): string {
  const [file = docs, section = ''] = docs.split('#');
  if (section === '') return file;
  const title = section.replaceAll('-', ' ');
  return `${file}, section “${title.charAt(0).toUpperCase()}${title.slice(1)}”`;
}
