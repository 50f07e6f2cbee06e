import { afterAll, beforeAll, expect, it } from 'vitest';
import { Codex } from '../support/codex.js';
import type { CodexRun } from '../support/codex.js';
import { Rig, key } from '../support/rig.js';
import { describeWith } from '../support/skip.js';
import { until } from '../support/until.js';
import { headerValues } from '../support/upstream-ledger.js';
import type { Arrival } from '../support/upstream-ledger.js';

const KEYS = [key('a1', 'org-a'), key('a2', 'org-a'), key('b1', 'org-b'), key('b2', 'org-b')];

describeWith(Codex.available(), 'the Codex CLI (@openai/codex)')('the real Codex CLI', () => {
  let rig: Rig;
  let codex: Codex;

  beforeAll(async () => {
    rig = await Rig.start({ keys: KEYS });
    codex = new Codex(Codex.customProvider(rig.proxy.v1));
  });

  afterAll(async () => {
    codex.dispose();
    await rig.stop();
  });

  async function run(
    args: readonly string[],
    cli: Codex = codex,
  ): Promise<{ result: CodexRun; arrivals: readonly Arrival[] }> {
    const from = rig.upstream.ledger.creates.length;
    const result = await cli.exec(args);
    const arrivals = rig.upstream.ledger.creates.slice(from);
    expect(result.code, `${result.stderr}\n${result.stdout}`).toBe(0);
    expect(arrivals.every((a) => a.status === 200)).toBe(true);
    return { result, arrivals };
  }

  const keysOf = (arrivals: readonly Arrival[]): Set<string | null> => new Set(arrivals.map((a) => a.key));

  it('answers a text turn', async () => {
    const { result, arrivals } = await run(['say hello']);
    expect(result.lastMessage).toContain('you said say hello');
    expect(arrivals.length).toBe(1);
    expect(headerValues(arrivals[0] as Arrival, 'authorization')).toEqual([`Bearer ${arrivals[0]?.key}`]);
  });

  it('goes through a tool loop on one key and hands the turn state back', async () => {
    const { result, arrivals } = await run(['call:exec_command {"cmd":"echo from-the-tool"}']);
    expect(result.lastMessage).toContain('from-the-tool');
    expect(arrivals.length).toBe(2);
    expect(keysOf(arrivals).size).toBe(1);
    expect(headerValues(arrivals[1] as Arrival, 'x-codex-turn-state').length).toBe(1);
  });

  it('resumes on the same key, also when the proxy was killed in between', async () => {
    const first = await run(['remember this']);
    await rig.proxy.kill9();
    await rig.proxy.restart();
    const { arrivals } = await run(['resume', first.result.threadId ?? '', 'what was it?']);
    expect(arrivals[0]?.key).toBe(first.arrivals[0]?.key);
    expect(JSON.stringify(arrivals[0]?.json?.['input'])).toContain('encrypted_content');
  });

  it('forks within the organisation that sealed the reasoning', async () => {
    for (let i = 0; i < 3; i += 1) {
      const first = await run([`parent ${i}`]);
      const { result, arrivals } = await run(['fork', first.result.threadId ?? '', 'fork off']);
      expect(result.threadId).not.toBe(first.result.threadId);
      expect(arrivals[0]?.organization).toBe(first.arrivals[0]?.organization);
    }
  });

  it('survives one bad key without noticing', async () => {
    rig.upstream.faults.set(KEYS[0]?.key ?? '', 'fault:429,retry=60');
    rig.upstream.faults.set(KEYS[2]?.key ?? '', 'fault:401');
    for (let i = 0; i < 3; i += 1) {
      const result = await codex.exec([`go on ${i}`]);
      expect(result.code, result.stderr).toBe(0);
      expect(result.lastMessage).toContain(`go on ${i}`);
    }
    rig.upstream.faults.clear();
  });

  it('leaves a session row for each thread, without its local paths', async () => {
    const { result } = await run(['one more']);
    const [row] = await until(
      () =>
        rig.history.rows<Record<string, unknown>>(`SELECT * FROM sessions WHERE id = '${result.threadId}'`),
      (rows) => rows.length === 1,
    );
    expect(row).toMatchObject({ source: 'session-id', request_count: 1 });
    const everything = JSON.stringify([
      await rig.history.rows('SELECT * FROM sessions'),
      await rig.history.rows('SELECT * FROM requests'),
      await rig.history.rows('SELECT * FROM decisions'),
    ]);
    expect(everything).not.toContain(codex.home);
  });

  it('as the built-in provider tries WebSocket, is told 426 where the upstream has none, and goes on over HTTP', async () => {
    const builtIn = new Codex([`openai_base_url="${rig.proxy.v1}"`]);
    const { result, arrivals } = await run(['hello there'], builtIn);
    expect(result.lastMessage).toContain('you said hello there');
    expect(arrivals.length).toBe(1);
    builtIn.dispose();
  });
});
