import { ApiError, call, getJson } from './api.js';
import { setServerTime } from './clock.js';
import { awayBecause, connection, requests, requestsError, state, token } from './store.js';
import type { AdminState, RequestRow } from './wire.js';

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 10_000;
/** The server speaks every 5 s; three silences mean that nobody is there. */
const SILENCE_MS = 16_000;
const MIN_REFRESH_MS = 1_000;
const MAX_REFRESH_MS = 5_000;
const LISTED_REQUESTS = 50;

let refreshing = false;
let refreshedAt = 0;
let shownSignature = '';
let retryMs = FIRST_RETRY_MS;

export function startLive(): void {
  void run();
}

export function signIn(value: string): void {
  token.value = value;
  connection.value = 'connecting';
  void run();
}

/** Reads one stream after the other until the API wants a credential. */
async function run(): Promise<void> {
  while (connection.value !== 'signed_out') {
    try {
      await readStream();
      awayBecause.value = 'The stream ended.';
    } catch (error: unknown) {
      if (error instanceof ApiError && error.status === 401) {
        awayBecause.value = error.message;
        connection.value = 'signed_out';
        return;
      }
      awayBecause.value = error instanceof Error ? error.message : 'The connection failed.';
    }
    connection.value = 'away';
    await new Promise((resolve) => setTimeout(resolve, retryMs));
    retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
  }
}

/** `fetch` and not `EventSource`, which cannot send the Authorization header. */
async function readStream(): Promise<void> {
  const abort = new AbortController();
  let watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
  try {
    const response = await call('/admin/events', { signal: abort.signal });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (reader === undefined) return;
    let pending = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(watchdog);
      watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
      pending = takeEvents(pending + value);
    }
  } finally {
    clearTimeout(watchdog);
  }
}

/** Shows every whole event and answers the unfinished rest. */
function takeEvents(text: string): string {
  const events = text.split('\n\n');
  const rest = events.pop() ?? '';
  for (const event of events) {
    if (event.startsWith('data: ')) show(JSON.parse(event.slice('data: '.length)) as AdminState);
  }
  return rest;
}

function show(next: AdminState): void {
  retryMs = FIRST_RETRY_MS;
  setServerTime(next.timestamp);
  state.value = next;
  connection.value = 'live';
  awayBecause.value = '';
  const signature = `${next.recent_decisions[0]?.id ?? ''} ${next.in_flight} ${next.queue_depth}`;
  const age = Date.now() - refreshedAt;
  if (age > MAX_REFRESH_MS || (signature !== shownSignature && age > MIN_REFRESH_MS)) {
    shownSignature = signature;
    void refreshRequests();
  }
}

async function refreshRequests(): Promise<void> {
  if (refreshing) return;
  refreshing = true;
  refreshedAt = Date.now();
  try {
    const answer = await getJson<{ requests: RequestRow[] }>(`/admin/requests?limit=${LISTED_REQUESTS}`);
    requests.value = answer.requests;
    requestsError.value = '';
  } catch (error: unknown) {
    requestsError.value = error instanceof Error ? error.message : 'The list could not be read.';
  } finally {
    refreshing = false;
  }
}
