import type { TelemetryRecord } from '../../src/usage/records.js';
import type { SpooledRecord } from '../../src/usage/telemetry-queue.js';
import { attempt, binding, decision, event, finished, started, T0 } from './telemetry-records.js';

/** Requests in every state, with copies of what may come twice and a body. */
export function sampleRecords(): SpooledRecord[] {
  const records: TelemetryRecord[] = [];
  for (let i = 0; i < 20; i++) {
    const id = `req_${i}`;
    const session = {
      id: `s${i % 3}`,
      source: 'session-id',
      name: i % 4 === 0 ? `name ${i}` : null,
      threadId: null,
      parentThreadId: null,
    };
    records.push(started(id, { at: T0 + (i % 5), session: i % 7 === 0 ? null : session }));
    if (i % 3 === 0)
      records.push(
        finished(id, {
          state: 'interrupted',
          usage: null,
          resourceId: null,
          at: T0 + 99_999,
          attempts: [],
          bindings: [],
        }),
      );
    if (i % 5 !== 0)
      records.push(
        finished(id, {
          at: T0 + i,
          cost: i % 3 === 0 ? null : i * 100,
          charged: i % 4 === 1 ? { callerId: 'loopback', instanceId: 'inst_1', tokens: i, cost: i } : null,
          resourceId: `openai-${i % 4}`,
          decisions: [decision(id, 2)],
          attempts: [attempt(1), attempt(2)],
          bindings: [binding(`s${i % 2}`, { boundAt: T0 + (i % 6), fingerprint: `key${i}` })],
        }),
      );
  }
  const { t: _t, id: _id, decision: _decision, ...rejected } = started('x', { model: 'none' });
  records.push(
    finished('req_rejected', {
      state: 'rejected',
      usage: null,
      resourceId: null,
      attempts: [],
      bindings: [],
      rejected,
    }),
  );
  records.push(event('evt_1'), event('evt_2'));
  const body: TelemetryRecord = {
    t: 'body',
    id: 'req_1',
    at: T0,
    direction: 'response',
    contentType: null,
    contentEncoding: 'br',
    size: 3,
    truncated: false,
  };
  return [...records.map((record) => ({ record, body: null })), { record: body, body: Buffer.from('abc') }];
}

export function shuffle<T>(list: T[], random: () => number): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}

/** The same sequence every time. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
