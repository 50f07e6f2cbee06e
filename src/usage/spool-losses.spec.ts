import { describe, expect, it } from 'vitest';
import { SpoolLosses } from './spool-losses.js';

describe('losses of the spool', () => {
  it('are counted by kind and told once, when they are over', () => {
    const losses = new SpoolLosses();
    expect(losses.due(0)).toBe(false);
    expect(losses.add('body', 0, 2)).toBe(true);
    expect(losses.add('started', 1_000)).toBe(false);
    expect(losses.due(2_500)).toBe(false);
    expect(losses.due(3_000)).toBe(true);
    expect(losses.event(5)).toMatchObject({
      kind: 'spool.shed',
      severity: 'warn',
      data: { bodies: 2, started: 1, finished: 0, events: 0 },
    });
    losses.told();
    expect([losses.untold, losses.due(99_000)]).toEqual([false, false]);
    losses.add('finished', 99_000);
    expect(losses.event(6)).toMatchObject({ severity: 'error', data: { bodies: 0, finished: 1 } });
    expect(losses.counts).toEqual({ body: 2, started: 1, finished: 1, event: 0 });
  });

  it('that do not end are told every minute', () => {
    const losses = new SpoolLosses();
    for (let now = 0; now < 60_000; now += 1_000) losses.add('body', now);
    expect(losses.due(59_999)).toBe(false);
    expect(losses.due(60_000)).toBe(true);
  });

  it('show for a few seconds', () => {
    const losses = new SpoolLosses();
    losses.add('event', 1_000);
    expect([losses.recent(5_999), losses.recent(6_000)]).toEqual([true, false]);
  });
});
