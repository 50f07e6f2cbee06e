import { ApiError, call } from './api.js';
import { setServerTime } from './clock.js';
import { takeSample } from './samples.js';
import { awayBecause, changes, connection, state, token } from './store.js';
import type { AdminState } from './wire.js';

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 10_000;
/** The server speaks every 5 s; three silences mean that nobody is there. */
const SILENCE_MS = 16_000;
const MIN_CHANGE_MS = 1_000;
const SETTLED_MS = 2_500;
/** Other replicas write history, too. */
const BEAT_MS = 5_000;

const NO_ANSWER = 'The proxy does not answer.';

let stream = new AbortController();
/** Counts the readers: the last one alone goes on. */
let generation = 0;
let signature = '';
let lastBeat = 0;
let announced: ReturnType<typeof setTimeout> | undefined;
let settled: ReturnType<typeof setTimeout> | undefined;
let retryMs = FIRST_RETRY_MS;

export function startLive(): void {
  // A call that is refused ends the stream: the next sign-in begins its own.
  connection.subscribe((now) => {
    if (now === 'signed_out') stream.abort();
  });
  void run();
}

export function signIn(value: string): void {
  token.value = value;
  connection.value = 'connecting';
  void run();
}

/** Reads one stream after the other until the API wants a credential. */
async function run(): Promise<void> {
  const mine = ++generation;
  // Another sign-in while this one sleeps has a reader of its own.
  const over = (): boolean => mine !== generation || connection.value === 'signed_out';
  for (;;) {
    const why = await readStream().then(() => NO_ANSWER, refusalOf);
    if (over()) return;
    awayBecause.value = why;
    connection.value = 'away';
    await new Promise((resolve) => setTimeout(resolve, retryMs));
    if (over()) return;
    retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
  }
}

/** The proxy's own words where it has said any; a browser's words for a lost connection help nobody. */
function refusalOf(error: unknown): string {
  return error instanceof ApiError ? error.message : NO_ANSWER;
}

/** `fetch` and not `EventSource`, which cannot send the Authorization header. */
async function readStream(): Promise<void> {
  const abort = (stream = new AbortController());
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
  takeSample(next);
  connection.value = 'live';
  awayBecause.value = '';
  const seen = `${next.recent_decisions[0]?.id ?? ''} ${next.in_flight} ${next.queue_depth}`;
  // What has happened reaches SQL a moment later, on a busy machine not within the first one.
  if (seen !== signature) {
    clearTimeout(settled);
    settled = setTimeout(announce, SETTLED_MS);
  }
  const beat = Math.floor(next.timestamp / BEAT_MS);
  if (seen !== signature || beat !== lastBeat) announced ??= setTimeout(announce, MIN_CHANGE_MS);
  signature = seen;
  lastBeat = beat;
}

function announce(): void {
  clearTimeout(announced);
  announced = undefined;
  changes.value += 1;
}
