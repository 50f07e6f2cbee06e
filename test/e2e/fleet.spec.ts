import { afterEach, beforeEach, expect, it } from 'vitest';
import { Codex } from '../support/codex.js';
import { FleetAudit } from '../support/fleet-audit.js';
import { freePort } from '../support/free-port.js';
import { agentsAgent, codexOverHttp, codexOverWebsocket, openaiAgent } from '../support/fleet-agents.js';
import type { Turn } from '../support/fleet-agents.js';
import { demand, note, size } from '../support/release.js';
import { Rig, key } from '../support/rig.js';
import { describeWith } from '../support/skip.js';
import { until } from '../support/until.js';
import type { UpgradeFault } from '../support/upstream-sockets.js';

const [A1, A2, B1, B2] = [key('a1', 'org-a'), key('a2', 'org-a'), key('b1', 'org-b'), key('b2', 'org-b')];
/** How often a fault strikes before the next one's turn. Below the five in a row that take a key out. */
const STRIKES = size(1, 3);
const ROUNDS = size(1, 4);
const ENOUGH_MS = 10_000;
/** Sent again by nobody but the client: struck once more than it tries again, a turn fails as it must. A small body is away before its upload is reset. */
const AMBIGUOUS: ReadonlySet<string> = new Set(['reset', 'close', 'reset_upload', 'hang', 'garbage']);
const SDK_RETRIES = 2;
/** What hangs and what stalls is given up after this long; `slow` is well below. */
const LIMIT_SECONDS = '2';

/** Who is struck, and by what. */
const PASSING: readonly (readonly [string, string])[] = [
  [A1.key, '429,retry=1'],
  [B1.key, '429,retry_date=2'],
  [A2.key, '429,retry_ms=1200'],
  [B2.key, '503,retry=1'],
  [A1.key, 'overloaded'],
  [B1.key, '500'],
  [A2.key, 'hang'],
  [A1.key, 'slow,ms=600'],
  [B2.key, 'reset'],
  [A1.key, 'cut,after=0'],
  [A2.key, '504'],
  [B1.key, 'cut,after=3'],
  [A1.key, 'garbage'],
  [B2.key, 'failed'],
  [A2.key, 'reset_upload'],
  [B2.key, '502'],
  [B1.key, 'stall,after=3'],
  [A1.key, 'close'],
  [B1.key, 'eof,after=2'],
];
/** Out for minutes: these come last, and leave one key of each organisation. */
const LASTING: readonly (readonly [string, string])[] = [
  [B2.key, '403'],
  [A1.key, 'quota'],
];
/** Any key: there are far fewer handshakes than requests. */
const AT_HANDSHAKE: readonly UpgradeFault[] = [429, 503, 500, 'reset', 'garbage'];
const IN_SOCKET: readonly (readonly [string, string])[] = [
  ['*', 'ws_close,after=3'],
  ['*', 'ws_close,after=3,code=1011'],
];

let rig: Rig;

// Of each try its own: at the end two keys are out for minutes.
beforeEach(async () => {
  rig = await Rig.start({
    keys: [A1, A2, B1, B2],
    upstream: { websocket: true, ownership: 'organization' },
    env: {
      PROXY_AFFINITY_SHARED_IN_ORGANIZATION: 'on',
      PROXY_HEALTH_CHECK_INTERVAL_SECONDS: '1',
      PROXY_FIRST_BYTE_TIMEOUT_SECONDS: LIMIT_SECONDS,
      PROXY_IDLE_TIMEOUT_SECONDS: LIMIT_SECONDS,
      PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.1/32',
      REFUSING_KEY: 'sk-test-refusing',
    },
  });
});
afterEach(() => rig.stop());

const struck = (keyName: string, mode: string): number =>
  [...rig.upstream.ledger.creates, ...rig.upstream.sockets.creates].filter(
    (a) => (keyName === '*' || a.key === keyName) && a.fault === mode,
  ).length;

let strikes = 0;
let refusing = 0;

/**
 * One fault after the other, each until it has struck: as often as wanted while its key has traffic. Agents that have
 * left a struck key need not come back to it.
 */
async function strike(
  list: readonly (readonly [string, string])[],
  wanted: number,
  on: 'create' | 'socket' = 'create',
): Promise<void> {
  for (const [who, text] of list) {
    const mode = text.split(',')[0] ?? '';
    const times = AMBIGUOUS.has(mode) ? Math.min(wanted, SDK_RETRIES) : wanted;
    const before = struck(who, mode);
    rig.upstream.faults.set(who, `fault:${text}`, { times, on });
    const since = performance.now();
    strikes += await until(
      () => struck(who, mode) - before,
      (n) => n >= times || (n > 0 && performance.now() - since > ENOUGH_MS),
      { timeoutMs: 60_000, what: `${text} on ${who}` },
    );
    rig.upstream.faults.clear(who);
    if (wanted > 1 && on === 'create') await servedAgain(who);
  }
}

/** Struck often and avoided in between, a key may fail five times in a row over two of its turns, and be out for them. */
async function servedAgain(who: string): Promise<void> {
  const served = (): number =>
    rig.upstream.ledger.creates.filter((a) => a.key === who && a.ended === 'completed' && !a.fault).length;
  const before = served();
  await until(served, (n) => n > before, { timeoutMs: 60_000, what: `an answer of ${who} after its fault` });
}

/** A fifth key, of a place where nobody listens, for as long as it takes that it is tried. */
async function refuseConnections(): Promise<void> {
  const id = `refusing-${(refusing += 1)}`;
  const base_url = `http://127.0.0.1:${await freePort()}/v1`;
  const body = JSON.stringify({ id, name: id, base_url, credential_ref: 'env:REFUSING_KEY' });
  const headers = { 'content-type': 'application/json' };
  await rig.proxy.admin('/admin/providers', { method: 'POST', headers, body });
  strikes += await until(
    async () =>
      (await rig.history.rows(`SELECT request_id FROM attempts WHERE resource_id = '${id}' AND class = 'A'`))
        .length,
    (n) => n >= STRIKES,
    { timeoutMs: 60_000, everyMs: 100, what: `refused connections of ${id}` },
  );
  await rig.proxy.admin(`/admin/providers/${id}`, { method: 'DELETE' });
}

async function strikeHandshakes(): Promise<void> {
  const { next } = rig.upstream.sockets;
  for (const fault of AT_HANDSHAKE) {
    next.push(fault);
    await until(() => next.length === 0, { timeoutMs: 60_000, what: `a handshake that meets ${fault}` });
  }
}

describeWith(Codex.available(), 'the Codex CLI (@openai/codex)')('a fleet of real agents', () => {
  it('has no failed turn while every fault takes its turn on some key', async () => {
    const turns: Turn[] = [];
    let over = false;
    const started = performance.now();
    const { v1 } = rig.proxy;
    const codex = [
      codexOverHttp('codex-http', v1),
      codexOverWebsocket('codex-ws-1', v1),
      codexOverWebsocket('codex-ws-2', v1),
    ];
    const agents = [...codex, openaiAgent('openai', v1), agentsAgent('agents', v1)];
    const working = agents.map((agent) =>
      agent(
        (turn) => turns.push(turn),
        () => over,
      ),
    );
    for (let round = 0; round < ROUNDS; round += 1) {
      const overSockets = strikeHandshakes().then(() => strike(IN_SOCKET, 1, 'socket'));
      await Promise.all([strike(PASSING, STRIKES), overSockets]);
      await refuseConnections();
    }
    await strike([[A2.key, '401']], 1);
    await until(
      () => rig.proxy.state(),
      ({ resources }) => (resources[1]!['health'] as { status?: string }).status === 'healthy',
      { what: 'the refused key back by a probe' },
    );
    await strike(LASTING, 1);
    over = true;
    await Promise.all(working);
    for (const one of codex) one.dispose();

    const audit = await FleetAudit.of(rig);
    const { ledger } = rig.upstream;
    const crossed = [
      ...ledger.creates.filter((a) => a.status === 400),
      ...rig.upstream.sockets.creates.filter((c) => c.refused === 400),
    ];
    note('fleet', 'turns', turns.length);
    note('fleet', 'turns repeated by their program', turns.filter((t) => t.repeated).length);
    note('fleet', 'seconds', (performance.now() - started) / 1_000);
    note('fleet', 'arrivals over HTTP', ledger.creates.length);
    note('fleet', 'responses over WebSocket', rig.upstream.sockets.creates.length);
    note('fleet', 'decisions that moved a request', audit.moves());
    note('fleet', 'faults that struck', strikes);
    note('fleet', 'sessions', audit.sessions());
    expect(audit.crossings()).toEqual([]);
    demand('fleet', 'sessions that crossed an organisation', audit.crossings().length, { exactly: 0 });
    const failed = turns.filter((t) => t.failure !== null);
    expect(failed).toEqual([]);
    demand('fleet', 'failed turns', failed.length, { exactly: 0 });
    demand('fleet', 'requests refused for sealed or stored content of others', crossed.length, {
      exactly: 0,
    });
    expect(audit.heardInVain()).toEqual([]);
    demand('fleet', 'errors heard that another key could have spared', audit.heardInVain().length, {
      exactly: 0,
    });
    expect(Object.values(audit.attemptsLessArrivals()), JSON.stringify(audit.attemptsLessArrivals())).toEqual(
      [0, 0, 0, 0],
    );
    expect(audit.forbiddenAttempts()).toEqual([]);
    demand('fleet', 'sent again though it may have run', audit.forbiddenAttempts().length, { exactly: 0 });
    expect(audit.unexplained()).toEqual([]);
    expect(audit.silentMoves()).toEqual([]);
    demand('fleet', 'moves without an explanation', audit.silentMoves().length, { exactly: 0 });
    expect(audit.wrongUsage()).toEqual([]);
    expect(new Set(turns.map((t) => t.agent)).size).toBe(agents.length);
    expect(rig.proxy.output).not.toMatch(/unhandled/i);
  }, 900_000);
});
