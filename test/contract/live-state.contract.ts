import { beforeEach, describe, expect, it } from 'vitest';
import type { AffinityBinding, DecisionRecord, LiveState } from '../../src/state/live-state.js';

const NOW = 1_800_000_000_000;

export function aBinding(over: Partial<AffinityBinding> = {}): AffinityBinding {
  return {
    callerId: 'loopback',
    kind: 'session',
    id: 's1',
    fingerprint: 'f1',
    organization: null,
    cachedTokens: null,
    boundAt: NOW,
    expiresAt: NOW + 1000,
    ...over,
  };
}

export function aDecision(id: string): DecisionRecord {
  return {
    id,
    requestId: 'req_1',
    attempt: 1,
    at: NOW,
    sessionId: null,
    callerId: 'loopback',
    poolId: null,
    model: null,
    affinityClass: 'free',
    affinityKind: null,
    affinityResult: 'none',
    resourceId: 'openai-1',
    reason: 'least_connections',
    explanation: '',
    waitedMs: 0,
    cachedTokensAtStake: null,
    candidates: [],
  };
}

/** What every adapter of the port must do. `make` gets the most bindings to keep. */
export function liveStateContract(
  name: string,
  make: (maxBindings: number) => LiveState | Promise<LiveState>,
): void {
  describe(`live state: ${name}`, () => {
    let state: LiveState;
    beforeEach(async () => {
      state = await make(4);
    });

    describe('in flight', () => inFlightCases(() => state));
    describe('bindings', () => bindingCases(() => state));
    describe('bindings of others', () => rememberCases(() => state));
    describe('decisions and subscribers', () => feedCases(() => state));
  });
}

function inFlightCases(state: () => LiveState): void {
  it('counts what entered and has not left, per resource and in all', () => {
    const leave = state().enter('openai-1');
    state().enter('openai-1');
    state().enter('openai-2');
    expect([state().inFlight('openai-1'), state().inFlight('openai-2'), state().localInFlight]).toEqual([
      2, 1, 3,
    ]);
    leave();
    expect([state().inFlight('openai-1'), state().localInFlight]).toEqual([1, 2]);
  });

  it('is left once, however often leaving is called', () => {
    const leave = state().enter('openai-1');
    const other = state().enter('openai-1');
    leave();
    leave();
    leave();
    expect(state().inFlight('openai-1')).toBe(1);
    other();
    other();
    expect([state().inFlight('openai-1'), state().localInFlight]).toEqual([0, 0]);
  });

  it('is 0 for a resource nobody entered', () => {
    expect(state().inFlight('openai-99')).toBe(0);
  });
}

function bindingCases(state: () => LiveState): void {
  it('finds what was bound, until it expires', () => {
    const bound = aBinding();
    state().bind(bound);
    expect(state().binding(bound, NOW + 999)).toEqual(bound);
    expect(state().binding(bound, NOW + 1000)).toBeNull();
    expect(state().bindingCount).toBe(0);
  });

  it('keeps callers and kinds apart', () => {
    state().bind(aBinding());
    expect(state().binding(aBinding({ callerId: 'key_2' }), NOW)).toBeNull();
    expect(state().binding(aBinding({ kind: 'thread' }), NOW)).toBeNull();
  });

  it('keeps the last write', () => {
    state().bind(aBinding());
    state().bind(aBinding({ fingerprint: 'f2' }));
    expect(state().binding(aBinding(), NOW)?.fingerprint).toBe('f2');
    expect(state().bindingCount).toBe(1);
  });

  it('drops the least recently used when full; looking up counts as use', () => {
    for (const id of ['a', 'b', 'c', 'd']) state().bind(aBinding({ id }));
    state().binding(aBinding({ id: 'a' }), NOW);
    state().bind(aBinding({ id: 'b', fingerprint: 'again' }));
    state().bind(aBinding({ id: 'e' }));
    state().bind(aBinding({ id: 'f' }));
    const left = ['a', 'b', 'c', 'd', 'e', 'f'].filter((id) => state().binding(aBinding({ id }), NOW));
    expect(left).toEqual(['a', 'b', 'e', 'f']);
    expect(state().bindingCount).toBe(4);
  });

  it('takes an entry away when told one that is already over', () => {
    state().bind(aBinding());
    state().bind(aBinding({ expiresAt: NOW }));
    expect(state().bindingCount).toBe(0);
    expect(state().binding(aBinding(), NOW)).toBeNull();
  });
}

function rememberCases(state: () => LiveState): void {
  it('remembers what was learned elsewhere, unless it knows something later', () => {
    state().remember(aBinding({ boundAt: NOW + 2 }));
    state().remember(aBinding({ boundAt: NOW + 1, fingerprint: 'older' }));
    expect(state().binding(aBinding(), NOW)?.fingerprint).toBe('f1');
    state().remember(aBinding({ boundAt: NOW + 3, fingerprint: 'newer' }));
    expect(state().binding(aBinding(), NOW)?.fingerprint).toBe('newer');
  });

  it('ends two that were made at once the same way, whichever is heard first', () => {
    for (const [first, second] of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      state().remember(aBinding({ id: `${first}`, fingerprint: `${first}` }));
      state().remember(aBinding({ id: `${first}`, fingerprint: `${second}` }));
      expect(state().binding(aBinding({ id: `${first}` }), NOW)?.fingerprint).toBe('b');
    }
  });

  it('forgets what ended elsewhere, but not what was bound since', () => {
    state().remember(aBinding());
    state().remember(aBinding({ expiresAt: NOW }));
    expect(state().binding(aBinding(), NOW)).toBeNull();
    state().bind(aBinding({ boundAt: NOW + 5, expiresAt: NOW + 900 }));
    state().remember(aBinding({ expiresAt: NOW }));
    expect(state().binding(aBinding(), NOW)).not.toBeNull();
  });

  it('has nothing to recall where all is known', () => {
    state().bind(aBinding());
    expect(state().recall([aBinding()], NOW)).toBeNull();
    expect(state().recall([], NOW)).toBeNull();
  });
}

function feedCases(state: () => LiveState): void {
  it('gives the last 200 decisions, newest first', () => {
    for (let n = 1; n <= 450; n++) state().rememberDecision(aDecision(`dec_${n}`));
    const all = state().recentDecisions(1000);
    expect(all).toHaveLength(200);
    expect([all[0]?.id, all[199]?.id]).toEqual(['dec_450', 'dec_251']);
    expect(
      state()
        .recentDecisions(2)
        .map((d) => d.id),
    ).toEqual(['dec_450', 'dec_449']);
    expect(state().recentDecisions(0)).toEqual([]);
  });

  it('gives fewer than 200 in order, too', () => {
    for (const id of ['1', '2', '3']) state().rememberDecision(aDecision(id));
    expect(
      state()
        .recentDecisions(10)
        .map((d) => d.id),
    ).toEqual(['3', '2', '1']);
  });

  it('tells subscribers of changes until they leave', () => {
    let told = 0;
    const stop = state().subscribe(() => told++);
    state().enter('openai-1')();
    state().rememberDecision(aDecision('1'));
    state().touch();
    expect(told).toBeGreaterThanOrEqual(4);
    stop();
    stop();
    const before = told;
    state().touch();
    expect(told).toBe(before);
  });

  it('goes on when a subscriber throws', () => {
    let told = 0;
    state().subscribe(() => {
      throw new Error('broken page');
    });
    state().subscribe(() => told++);
    expect(() => state().touch()).not.toThrow();
    expect(told).toBe(1);
  });
}
