import { describe, expect, it } from 'vitest';
import type { AffinityBinding, BindingKind } from '../state/live-state.js';
import { NO_HINTS } from '../../test/support/routing-world.js';
import { resolveAffinity } from './affinity.js';
import type { RoutingHints } from './routing-hints.js';

/** `bound` reads `'response:resp_1': 'a'`. */
function resolve(hints: Partial<RoutingHints>, bound: Record<string, string>) {
  const {
    class: asked,
    kind,
    rule,
    owner,
    via,
    unknownOwner,
    sealedBy,
  } = resolveAffinity({ ...NO_HINTS, ...hints }, (bindingKind: BindingKind, id: string) => {
    const fingerprint = bound[`${bindingKind}:${id}`];
    return fingerprint === undefined ? null : ({ kind: bindingKind, id, fingerprint } as AffinityBinding);
  });
  const to = `${asked}/${kind} ${rule} ${owner?.fingerprint ?? '-'}${via === null ? '' : ` via ${via}`}`;
  return `${to}${unknownOwner ? ' unknown' : ''}${sealedBy === null ? '' : ` sealed by ${sealedBy.fingerprint}`}`;
}

const ALL: Partial<RoutingHints> = {
  pathResponseId: 'p',
  previousResponseId: 'r',
  conversationId: 'c',
  itemReferenceIds: ['i'],
  sealedDigests: ['d1', 'd2'],
  sessionId: 's',
  threadId: 't',
  parentThreadId: 'pt',
  forkedFromThreadId: 'ft',
};

describe('resolveAffinity: one order', () => {
  it.each<[string, Partial<RoutingHints>, Record<string, string>, string]>([
    ['nothing', {}, {}, 'free/null any -'],
    ['path', ALL, { 'response:p': 'A', 'response:r': 'B', 'session:s': 'C' }, 'hard/path owner A'],
    [
      'previous response',
      ALL,
      { 'response:r': 'B', 'conversation:c': 'C' },
      'hard/previous_response_id owner B',
    ],
    ['conversation', ALL, { 'conversation:c': 'C', 'session:s': 'D' }, 'hard/conversation owner C'],
    ['item, bound', ALL, { 'item:i': 'D', 'session:s': 'E' }, 'hard/item_reference owner D'],
    ['item, unbound: ignored', { itemReferenceIds: ['i'] }, {}, 'free/null any -'],
    [
      'a reference wins over content, which is noted',
      { previousResponseId: 'r', sealedDigests: ['d'] },
      { 'response:r': 'A', 'sealed:d': 'B' },
      'hard/previous_response_id owner A sealed by B',
    ],
    [
      'unknown reference: the content decides',
      { previousResponseId: 'r', sealedDigests: ['d'] },
      { 'sealed:d': 'B' },
      'hard/previous_response_id organization B unknown',
    ],
    [
      'unknown reference: the session is preferred',
      { previousResponseId: 'r', sessionId: 's' },
      { 'session:s': 'C' },
      'hard/previous_response_id prefer C via session unknown',
    ],
    ['unknown reference alone', { previousResponseId: 'r' }, {}, 'hard/previous_response_id any - unknown'],
    ['newest content', ALL, { 'sealed:d1': 'A', 'sealed:d2': 'B' }, 'hard/path organization B unknown'],
    [
      'older content',
      { sealedDigests: ['d1', 'd2'] },
      { 'sealed:d1': 'A' },
      'boundary/sealed organization A',
    ],
    [
      'content over session',
      { sealedDigests: ['d'], sessionId: 's' },
      { 'sealed:d': 'A', 'session:s': 'B' },
      'boundary/sealed organization A',
    ],
    [
      'unknown content: the session stands for it',
      { sealedDigests: ['d'], sessionId: 's' },
      { 'session:s': 'B' },
      'boundary/sealed organization B via session',
    ],
    [
      'a fork: new session, replayed content, known origin',
      { sealedDigests: ['d'], sessionId: 'new', threadId: 'new', forkedFromThreadId: 'ft' },
      { 'thread:ft': 'B' },
      'boundary/sealed organization B via fork',
    ],
    ['unknown content alone', { sealedDigests: ['d'] }, {}, 'boundary/sealed any - unknown'],
    [
      'unknown content, new session',
      { sealedDigests: ['d'], sessionId: 's' },
      {},
      'boundary/sealed any - unknown',
    ],
    [
      'session',
      { sessionId: 's', threadId: 't' },
      { 'session:s': 'A', 'thread:t': 'B' },
      'soft/session prefer A via session',
    ],
    ['thread', { sessionId: 's', threadId: 't' }, { 'thread:t': 'B' }, 'soft/thread prefer B via thread'],
    [
      'parent',
      { sessionId: 's', parentThreadId: 'pt' },
      { 'thread:pt': 'B' },
      'soft/parent prefer B via parent',
    ],
    [
      'fork',
      { sessionId: 's', forkedFromThreadId: 'ft' },
      { 'thread:ft': 'B' },
      'soft/fork prefer B via fork',
    ],
    ['new session', { sessionId: 's' }, {}, 'soft/session any -'],
  ])('%s', (_name, hints, bound, expected) => {
    expect(resolve(hints, bound)).toBe(expected);
  });
});
