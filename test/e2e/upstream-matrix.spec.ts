import { readdirSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demand } from '../support/release.js';
import { Rig, inPool } from '../support/rig.js';
import { until } from '../support/until.js';
import { FIRST_BYTE_MS, IDLE_MS, UPSTREAM_MODES } from '../support/upstream-modes.js';
import type { UpstreamMode } from '../support/upstream-modes.js';

const CASES = UPSTREAM_MODES.flatMap((mode) =>
  ([false, true] as const).map((stream) => ({
    ...mode,
    ...(stream ? mode.stream : {}),
    stream,
    name: `${mode.fault} ${stream ? '(stream)' : '(JSON)'}`,
  })),
);
/** What a case may take beyond the limit of the proxy that ends it: the second of the demand. */
const GRACE_MS = 1_000;
let rig: Rig;
let before: Open;
let pid: number;
let answered = 0;
const late: string[] = [];
/** What the history should say of each, looked at when all are through: it is some time behind. */
const owed: { readonly id: string | null; readonly name: string; readonly row: object }[] = [];

interface Open {
  readonly files: number;
  readonly sockets: number;
}

function openOf(id: number): Open {
  const links = readdirSync(`/proc/${id}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${id}/fd/${fd}`)];
    } catch {
      return []; // closed in between
    }
  });
  const sockets = links.filter((link) => link.startsWith('socket:')).length;
  return { sockets, files: links.length - sockets };
}

beforeAll(async () => {
  rig = await Rig.pooled(CASES.length + 1, 1, {
    env: {
      PROXY_FIRST_BYTE_TIMEOUT_SECONDS: String(FIRST_BYTE_MS / 1_000),
      PROXY_IDLE_TIMEOUT_SECONDS: String(IDLE_MS / 1_000),
      PROXY_REQUEST_TIMEOUT_SECONDS: '10',
      PROXY_WAIT_BUDGET_SECONDS: '0',
    },
  });
  // What a process opens for its first request and keeps is not a leak.
  await rig.client.send({ headers: inPool(`p${CASES.length}`), body: {} });
  hangUp();
  await quiet(() => openOf(rig.proxy.pid).sockets);
  before = openOf(rig.proxy.pid);
  ({ pid } = rig.proxy);
});
afterAll(() => rig.stop());

/** Connections that are merely kept end now, on both sides of the proxy. */
function hangUp(): void {
  rig.client.close();
  rig.upstream.closeIdle();
}

/** Until it has not changed for a while. */
async function quiet(read: () => number): Promise<void> {
  let last = read();
  let since = performance.now();
  await until(
    () => {
      const now = read();
      if (now !== last) since = performance.now();
      last = now;
      return performance.now() - since;
    },
    (ms) => ms > 500,
    { timeoutMs: 60_000, everyMs: 50, what: 'sockets at rest' },
  );
}

describe('an answer that is wrong in a known way', () => {
  it.each(CASES.map((one, i) => ({ ...one, pool: `p${i}` })))(
    '$name is $status, $state',
    async (one: UpstreamMode & { pool: string; stream: boolean; name: string }) => {
      const started = performance.now();
      const body = { model: `fault:${one.fault}`, stream: one.stream };
      const seen = await rig.client.send({ headers: inPool(one.pool), body });
      const took = performance.now() - started;
      answered += 1;
      if (took > (one.limitMs ?? 0) + GRACE_MS) late.push(`${one.fault} took ${took} ms`);
      expect(seen.status, seen.text.slice(0, 300)).toBe(one.status);
      expect(seen.error).toBe(one.cut === true ? 'cut' : null);
      if (one.code !== undefined)
        expect((JSON.parse(seen.text) as { error: { code: string } }).error.code).toBe(one.code);
      expect(seen.headers).not.toHaveProperty('location');
      expect(seen.text).not.toContain('sk-test-');
      owed.push({
        id: seen.proxyRequestId,
        name: one.name,
        row: { state: one.state, status_code: one.status },
      });
      const keys = rig.keysOf(one.pool);
      const arrivals = rig.upstream.ledger.creates.filter((a) => keys.includes(a.key ?? ''));
      expect(arrivals.length).toBe(1);
      const untouched = one.code === undefined && one.cut !== true && !/echo|204|eof/.test(one.fault);
      if (untouched) expect(seen.sha256).toBe(arrivals[0]?.responseSha256);
    },
  );

  it('is recorded as what it was', async () => {
    const rows: object[] = [];
    for (const { id, name } of owed) {
      const { state, status_code } = await rig.history.finished(id);
      rows.push({ name, state, status_code });
    }
    expect(rows).toEqual(owed.map(({ name, row }) => ({ name, ...row })));
    expect(rows.length).toBe(CASES.length);
  });

  it('leaves no hang, no crash, no unhandled rejection and nothing open', async () => {
    await rig.proxy.idle();
    demand('R8', 'modes × stream/JSON', answered, { atLeast: 72 });
    expect(late).toEqual([]);
    demand('R8', 'answers later than their limit + 1 s', late.length, { exactly: 0 });
    demand('R8', 'restarts', rig.proxy.running && rig.proxy.pid === pid ? 0 : 1, { exactly: 0 });
    demand('R8', 'unhandled rejections', rig.proxy.output.match(/unhandled/gi)?.length ?? 0, { exactly: 0 });
    hangUp();
    // What is left open now stays open: idle connections of the proxy's own are gone after four seconds.
    const after = await until(
      () => openOf(pid),
      ({ sockets, files }) => sockets <= before.sockets && files <= before.files + 2,
      { timeoutMs: 30_000, everyMs: 50, what: `no more than ${JSON.stringify(before)} open` },
    ).catch(() => openOf(pid));
    demand('R8', 'sockets more than before', after.sockets - before.sockets, { atMost: 0 });
    demand('R8', 'files more than before', after.files - before.files, { atMost: 2 });
  }, 90_000);
});
