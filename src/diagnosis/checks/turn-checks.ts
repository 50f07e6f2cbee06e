import { check, type Given } from '../check.js';
import { section, type Finding } from '../finding.js';
import { quoted } from '../fix-commands.js';

const ASK = 'a turn costs tokens; give --turn --model with a model to ask';

/** What only a model can answer. */
export const TURN_CHECKS = [check('turn', 'a model answers through the proxy', ['turn'], ASK, turn)];

function turn({ turn: seen }: Given<'turn'>): Finding[] {
  const { url, model, said, resourceId, requestId } = seen;
  const by = resourceId === null ? '' : ` by ${resourceId}`;
  const docs = section('a-model-turn-fails');
  if (!seen.ok)
    return [
      {
        id: 'turn_failed',
        severity: 'error',
        symptom: 'A turn of a model does not come to its end.',
        evidence: [`${url}/v1/responses with ${model}${by}: ${said}`],
        cause: 'The message is that of the proxy or, passed on, of the upstream.',
        fix:
          requestId === null
            ? `curl -i ${quoted(`${url}/healthz`)}   # must say {"status":"ok"}; the other findings say why not. A client key goes into RPX_CLIENT_KEY`
            : `responses-proxy requests ${quoted(requestId)}   # what was tried, and why it went there`,
        docs,
      },
    ];
  const tokens = [seen.inputTokens ?? 'unknown', seen.outputTokens ?? 'unknown'];
  return [
    {
      id: 'turn_served',
      severity: 'note',
      symptom: 'A model has answered through the proxy.',
      evidence: [
        `${model} answered${by} as ${seen.servedModel ?? 'a model it does not name'}: first byte after ${seen.firstByteMs ?? '?'} ms, end (${said}) after ${seen.endedMs} ms, ${tokens[0]} tokens in, ${tokens[1]} out`,
        `request ${requestId ?? 'without an id: who answered is no Responses Proxy'}`,
      ],
      cause: '--turn asked for it.',
      fix:
        requestId === null
          ? 'Nothing has to be done.'
          : `responses-proxy requests ${quoted(requestId)}   # its record`,
      docs,
    },
  ];
}
