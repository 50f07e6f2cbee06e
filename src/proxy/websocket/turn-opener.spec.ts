import { describe, expect, it, vi } from 'vitest';
import { aClientKey } from '../../../test/support/registry-rows.js';
import { NO_HINTS, routingWorld, SERVED } from '../../../test/support/routing-world.js';
import { ProxyError } from '../../common/errors.js';
import { steadyNow } from '../../common/steady-now.js';
import type { ProxyCaller } from '../../registry/proxy-door.service.js';
import type { Exchange } from '../exchange.js';
import type { Finisher } from '../finisher.js';
import { KeyLimits } from '../limits/key-limits.js';
import type { ProxyDependencies } from '../proxy-dependencies.js';
import { matchRoute } from '../route-grammar.js';
import type { RelayParts } from './connection-facts.js';
import { TurnOpener } from './turn-opener.js';
import { WebsocketTurn } from './websocket-turn.js';

type Book = Parameters<TurnOpener['ask']>[2];
const message = Buffer.from(JSON.stringify({ type: 'response.steer', input: 'go on' }));
/** The last response of the lane, which has ended. */
const last = { exchange: { hold: null, hints: { model: 'gpt-5' } } } as WebsocketTurn;
const ended = { turns: [], asked: () => undefined, lastIn: () => last };
const unused = { ...ended, lastIn: () => null };

function asking(terms: Parameters<typeof aClientKey>[0], book: Book = ended): (lane: string) => string {
  const key = aClientKey(terms);
  const clock = { now: () => 0, monotonic: () => 0 };
  // A dollar each, of the one model that has a price.
  const costOf = (asked: string | null): number | null => (asked === 'gpt-5' ? 1_000_000 : null);
  const prices = { atLeast: () => null, likelyCostOf: costOf, mostOf: costOf };
  const limits = new KeyLimits(clock, prices, {
    termsOf: () => key,
    minuteElsewhere: () => [0, 0],
    spentElsewhere: () => [],
    processes: () => 1,
    onTold: () => undefined,
  });
  const door = { checkKnown: () => undefined };
  const parts = { deps: { limits, clock, door } } as unknown as RelayParts;
  const opener = new TurnOpener(parts, { caller: { key } } as unknown as Exchange, {
    open: 0,
    get link(): never {
      throw new Error('nothing begins here');
    },
  });
  return (lane) => {
    try {
      opener.ask(message, { type: 'response.steer', lane }, book);
      return 'sent';
    } catch (e: unknown) {
      return e instanceof ProxyError ? e.code : 'broken';
    }
  };
}

describe('a message that may be answered by a response of its own', () => {
  it('sets money aside, at the price of the model it goes on with', () => {
    const ask = asking({ dailyCost: 3_000_000 });
    const told = ['a', 'b', 'c', 'd', 'a'].map((lane) => ask(lane));
    expect(told).toEqual(['sent', 'sent', 'sent', 'key_rate_limited', 'key_rate_limited']);
  });

  it('sets money aside as a create without a model does where it goes on from nothing', () => {
    const ask = asking({ monthlyCost: 1_000_000 }, unused);
    expect([ask(''), ask('a'), ask('b')]).toEqual(['sent', 'sent', 'key_rate_limited']);
    expect(asking({ dailyTokens: 3_000_000 }, unused)('')).toBe('sent');
    const waiting = { ...last, lane: 'other' } as WebsocketTurn;
    const beside = asking({ dailyCost: 1_000_000 }, { ...unused, turns: [waiting] });
    expect([beside(''), beside('')]).toEqual(['sent', 'key_rate_limited']);
  });

  it('goes on with the model that the upstream named where the create before it named none', () => {
    const exchange = { hold: null, hints: { model: null } };
    const template = { exchange, servedModel: 'gpt-5' } as WebsocketTurn;
    const silent = { exchange, servedModel: null, lane: '' } as WebsocketTurn;
    const ask = asking({ dailyCost: 2_000_000 }, { ...ended, turns: [silent], lastIn: () => template });
    expect([ask(''), ask(''), ask('')]).toEqual(['sent', 'sent', 'key_rate_limited']);
  });

  it('is refused where nobody knows what the model costs that the upstream named', () => {
    const exchange = { hold: null, hints: { model: null } };
    const template = { exchange, servedModel: 'gpt-99' } as WebsocketTurn;
    expect(asking({ dailyCost: 9_000_000 }, { ...ended, lastIn: () => template })('')).toBe('price_unknown');
    expect(asking({ dailyTokens: 9_000_000 }, { ...ended, lastIn: () => template })('')).toBe('sent');
  });

  it('is refused where the connection waits for as many as it may have', () => {
    const ask = asking({});
    const told = Array.from({ length: 1_000 }, (_, n) => ask(n % 2 === 0 ? '' : `lane-${n}`));
    expect(told.slice(0, 64)).toEqual(Array.from({ length: 64 }, () => 'sent'));
    expect(new Set(told.slice(64))).toEqual(new Set(['overloaded']));
  });
});

it('a connection opened by a key that may have been revoked since begins nothing, whatever asks for it', () => {
  const caller = { callerId: 'key_1', key: aClientKey({}) };
  const reserve = vi.fn();
  const checkKnown = vi.fn((_caller: ProxyCaller) => {
    throw new ProxyError('database_unavailable', 'nobody knows');
  });
  const clock = { now: () => 0, monotonic: () => 0 };
  const deps = {
    limits: { reserve, ask: reserve },
    clock,
    door: { checkKnown },
    models: { pinOf: () => null },
  };
  const handshake = { id: 'req_1', caller, req: { headers: {} }, route: matchRoute('POST', '/v1/responses') };
  const parts = { deps } as unknown as RelayParts;
  const connection = { open: 0, link: {} } as ConstructorParameters<typeof TurnOpener>[2];
  const opener = new TurnOpener(parts, handshake as unknown as Exchange, connection);
  const create = Buffer.from('{"type":"response.create","model":"gpt-5","input":"hi"}');
  expect(() => opener.read(opener.exchange(create))).toThrow('nobody knows');
  expect(() => opener.ask(message, { type: 'response.steer', lane: '' }, ended)).toThrow('nobody knows');
  expect(checkKnown.mock.calls).toEqual([[caller], [caller]]);
  expect(reserve).not.toHaveBeenCalled();
});

it('a response that has begun is no longer held against what its key has left', () => {
  const world = routingWorld([{ key: 'a' }]);
  const hints = { ...NO_HINTS, model: 'gpt-5.5', inputTokens: 600 };
  const left = () => world.balancer.explain(hints).candidates[0]?.remainingTokens;
  const deps = { clock: world.clock, config: { capture: { maxBytes: 0 } } } as unknown as ProxyDependencies;
  const exchange = { firstByteMs: null, elapsed: () => 0 } as unknown as Exchange;
  const lease = world.acquire(hints);
  const place = {} as ConstructorParameters<typeof WebsocketTurn>[4];
  const turn = new WebsocketTurn(deps, {} as Finisher, exchange, lease, place);
  const none = { limitRequests: null, remainingRequests: null, resetRequestsMs: null, limitTokens: null };
  const said = { ...none, remainingTokens: 1_000, resetTokensMs: 60_000 };
  world.balancer.heard(lease.resource, hints, said, steadyNow(world.clock));
  expect(left()).toBe(400);
  turn.push(Buffer.from('{"type":"response.created","response":{"id":"resp_1"}}'));
  expect(left()).toBe(1_000);
  // Neither its later messages nor its end take off what another has on its way.
  world.acquire(hints);
  turn.push(Buffer.from('{"type":"response.in_progress"}'));
  lease.release(SERVED);
  expect(left()).toBe(400);
});
