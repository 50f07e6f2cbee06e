import { describe, expect, it } from 'vitest';
import { BodyBudget } from '../body-budget.js';
import type { Ask } from './kept-asks.js';
import { TurnBook } from './turn-book.js';
import type { WebsocketTurn } from './websocket-turn.js';

class FakeTurn {
  readonly exchange = { firstByteMs: null };
  readonly responseId = null;
  ended = false;

  constructor(
    readonly lane: string,
    readonly ask: Ask | null = null,
  ) {}

  push(): void {}
  failedWith(): void {}
  end(): void {
    this.ended = true;
  }
}

const asTurn = (turn: FakeTurn): WebsocketTurn => turn as unknown as WebsocketTurn;
const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
const steer = (bytes: number): Buffer => json({ type: 'response.steer', input: 'x'.repeat(bytes) });
const created = json({ type: 'response.created', response: { id: 'r' } });
const steered = json({
  type: 'response.incomplete',
  response: { incomplete_details: { reason: 'steered' } },
});
const refusal = json({ type: 'error', status: 400, error: { code: 'invalid_request' } });

function world(limit = 100_000_000): {
  bodies: BodyBudget;
  book: TurnBook;
  begun: FakeTurn[];
  running: FakeTurn;
  refused: string[];
} {
  const bodies = new BodyBudget(limit);
  const begun: FakeTurn[] = [];
  const refused: string[] = [];
  const book = new TurnBook(bodies, {
    successor: (_, ask, lane) => {
      const turn = new FakeTurn(lane, ask);
      begun.push(turn);
      return asTurn(turn);
    },
    askRefused: (lane) => void refused.push(lane),
  });
  const running = new FakeTurn('');
  book.wait(asTurn(running));
  book.observe(created);
  return { bodies, book, begun, running, refused };
}

describe('what a connection asks without a create', () => {
  it('is bounded however many lanes and messages there are, counted, and gone with the connection', () => {
    const { book, bodies } = world();
    for (let i = 0; i < 500; i += 1) book.asked(`lane-${i % 100}`, steer(200_000));
    expect(bodies.held).toBeGreaterThan(200_000);
    expect(bodies.held).toBeLessThanOrEqual(262_144);
    book.close();
    expect(bodies.held).toBe(0);
  });

  it('is not kept where there is no room for it among the bodies of the process', () => {
    const { book, bodies, begun } = world(1_000);
    book.asked('', steer(2_000));
    expect(bodies.held).toBe(0);
    book.observe(steered);
    book.observe(created);
    expect(begun[0]?.ask).toEqual({ message: null });
  });

  it('goes to the response that answers it, which gives its bytes back', () => {
    const { book, bodies, begun } = world();
    const ask = steer(50);
    book.asked('', steer(500));
    book.asked('', ask);
    book.observe(steered);
    book.observe(created);
    expect(begun[0]?.ask?.message?.equals(ask)).toBe(true);
    book.close();
    expect(bodies.held).toBe(ask.length);
  });

  it('leaves the running response alone when it is refused, even where it was too large to be kept', () => {
    const { book, bodies, running } = world();
    book.asked('', steer(300_000));
    book.observe(refusal);
    expect(running.ended).toBe(false);
    book.asked('', steer(10));
    book.observe(refusal);
    expect([running.ended, bodies.held]).toEqual([false, 0]);
    book.observe(refusal);
    expect(running.ended).toBe(true);
  });

  it('is refused where nothing runs, too, whatever the upstream says it failed at', () => {
    const { book, bodies, running, refused } = world();
    book.observe(steered);
    for (const status of [400, 429, 500]) {
      book.asked('', steer(10));
      book.observe(json({ type: 'error', status, error: { code: 'x' } }));
    }
    for (const type of ['response.steer.failed', 'response.inject.failed']) {
      book.asked('', steer(10));
      book.observe(json({ type }));
    }
    expect([refused, bodies.held, running.ended]).toEqual([['', '', '', '', ''], 0, true]);
  });

  it('goes on from the last response of its lane, or of the connection where its lane had none', () => {
    const { book, running, begun } = world();
    book.asked('other', steer(10));
    expect(book.lastIn('other')).toBe(running);
    book.observe(steered);
    expect(book.lastIn('')).toBe(running);
    book.observe(json({ type: 'response.created', response: { id: 'r2' }, stream_id: 'other' }));
    expect([book.lastIn('other'), book.lastIn('')]).toEqual([begun[0], running]);
    expect(book.lastIn('third')).toBe(begun[0]);
  });

  it('ends no create of another lane when it is refused', () => {
    const { book, running, refused } = world();
    book.observe(steered);
    const waiting = new FakeTurn('a');
    book.wait(asTurn(waiting));
    book.asked('b', steer(10));
    book.observe(json({ type: 'error', status: 400, stream_id: 'b', error: { code: 'x' } }));
    expect([running.ended, waiting.ended, refused]).toEqual([true, false, ['b']]);
    // With nothing asked there, it is the create that was not understood.
    book.observe(json({ type: 'error', status: 400, stream_id: 'b', error: { code: 'x' } }));
    expect(waiting.ended).toBe(true);
  });

  it('is given back for each that is refused, even once a response has answered one of them', () => {
    const { book, bodies, running, refused } = world();
    const failed = json({ type: 'response.steer.failed' });
    for (let n = 0; n < 3; n += 1) book.asked('', steer(10));
    book.observe(failed);
    book.observe(refusal);
    expect([refused, running.ended]).toEqual([['', ''], false]);
    book.observe(steered);
    book.observe(created);
    book.observe(failed);
    expect(refused).toEqual(['', '', '']);
    book.close();
    expect(bodies.held).toBe(steer(10).length);
  });
});
