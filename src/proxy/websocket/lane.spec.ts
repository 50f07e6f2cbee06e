import { describe, expect, it } from 'vitest';
import { Lane } from './lane.js';
import type { WebsocketTurn } from './websocket-turn.js';

const turn = (responseId: string): WebsocketTurn => ({ responseId }) as WebsocketTurn;

describe('Lane', () => {
  it('opens what waits in order', () => {
    const lane = new Lane();
    const [a, b] = [turn('a'), turn('b')];
    lane.wait(a);
    lane.wait(b);
    expect(lane.current).toBeNull();
    expect(lane.begin()).toBe(a);
    expect(lane.current).toBe(a);
    expect(lane.begin()).toBe(b);
    expect(lane.endingOf('a')).toBe(a);
    expect(lane.endingOf(null)).toBe(a);
    lane.remove(a, false);
    expect(lane.endingOf('unknown')).toBe(b);
    expect(lane.size).toBe(1);
    expect(lane.begin()).toBeNull();
  });

  it('gives the place behind a steered response to its successor', () => {
    const lane = new Lane();
    const [a, b] = [turn('a'), turn('b')];
    lane.wait(a);
    lane.begin();
    lane.wait(b);
    lane.remove(a, true);
    expect(lane.begin()).toBeNull();
    expect(lane.last).toBe(a);
    expect(lane.begin()).toBe(b);
  });

  it('takes a refusal for the one that waits and a breakdown for the one that runs', () => {
    const lane = new Lane();
    const [a, b] = [turn('a'), turn('b')];
    lane.wait(a);
    expect(lane.failing(500)).toBe(a);
    lane.begin();
    expect(lane.failing(400)).toBe(a);
    lane.wait(b);
    expect(lane.failing(400)).toBe(b);
    expect(lane.failing(429)).toBe(a);
    expect(lane.failing(null)).toBe(a);
  });

  it('ends nobody for a refused steer: the response it was for goes on', () => {
    const lane = new Lane();
    const a = turn('a');
    lane.wait(a);
    lane.begin();
    lane.ask = { message: null };
    expect(lane.failing(400)).toBe('ask');
    expect(lane.failing(500)).toBe(a);
    lane.ask = null;
    expect(lane.failing(400)).toBe(a);
  });
});
