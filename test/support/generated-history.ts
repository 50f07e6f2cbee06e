import { randomBytes } from 'node:crypto';
import type { DatabaseService } from '../../src/infra/database/database.service.js';
import { Recorder } from '../../src/usage/recorder.js';
import type { SpooledRecord } from '../../src/usage/telemetry-queue.js';
import { attempt, binding, decision, event, finished, started, T0 } from './telemetry-records.js';

const BATCH = 1_000;
const REQUESTS_OF_A_SESSION = 20;

/** Requests as a busy month leaves them: sessions, retries, bodies that shrink and bodies that do not, events. */
export async function generateHistory(service: DatabaseService, requests: number): Promise<void> {
  const recorder = new Recorder(service);
  let batch: SpooledRecord[] = [];
  for (let n = 0; n < requests; n++) {
    batch.push(...requestRecords(n));
    if (batch.length < BATCH) continue;
    await recorder.write(batch);
    batch = [];
  }
  await recorder.write(batch);
}

function requestRecords(n: number): SpooledRecord[] {
  const id = `req_${String(n).padStart(9, '0')}`;
  const sessionId = `s${Math.floor(n / REQUESTS_OF_A_SESSION)}`;
  const session = { id: sessionId, source: 'session-id', name: null, threadId: null, parentThreadId: null };
  const records: SpooledRecord[] = [{ record: started(id, { at: T0 + n, session }), body: null }];
  if (n % 10 === 0) records.push(body(id, 'request', Buffer.from(`{"input":"${'x'.repeat(n % 40_000)}"}`)));
  if (n % 10 === 0) records.push(body(id, 'response', randomBytes(2_000)));
  if (n % 97 === 0) records.push({ record: event(`evt_${id}`), body: null });
  const retried = n % 7 === 0;
  const end = finished(id, {
    startedAt: T0 + n,
    at: T0 + n + 40,
    attempts: retried ? [attempt(1), attempt(2, 'openai-2')] : [attempt()],
    decisions: retried ? [decision(id, 2, 'openai-2')] : [],
    bindings: [binding(sessionId, { boundAt: T0 + n }), binding(`resp_${id}`, { kind: 'response' })],
  });
  // Some are still open, as they are while a proxy runs.
  if (n % 500 !== 499) records.push({ record: end, body: null });
  return records;
}

function body(id: string, direction: 'request' | 'response', content: Buffer): SpooledRecord {
  const meta = { contentType: null, contentEncoding: null, size: content.length, truncated: false };
  return { record: { t: 'body', id, at: T0, direction, ...meta }, body: content };
}
