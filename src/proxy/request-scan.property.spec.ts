import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProxyError } from '../common/errors.js';
import { scanRequestBody } from './request-scan.js';

const scan = (text: string) => scanRequestBody(Buffer.from(text));

function refusal(body: Buffer | string): ProxyError {
  try {
    scanRequestBody(Buffer.from(body as string));
  } catch (error: unknown) {
    if (error instanceof ProxyError) return error;
    throw error;
  }
  throw new Error(`accepted: ${body.toString().slice(0, 80)}`);
}

/** The same fields by way of `JSON.parse`; undefined = must be refused. */
function oracle(text: string): Record<string, unknown> | undefined {
  const root = JSON.parse(text) as Record<string, unknown>;
  if (typeof root !== 'object' || root === null || Array.isArray(root)) return undefined;
  const object = (value: unknown): Record<string, unknown> =>
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const own = (value: Record<string, unknown>, name: string): unknown =>
    Object.hasOwn(value, name) ? (value[name] ?? null) : null;
  const conversation = own(root, 'conversation');
  return {
    model: own(root, 'model'),
    stream: own(root, 'stream'),
    previousResponseId: own(root, 'previous_response_id'),
    conversationId: typeof conversation === 'string' ? conversation : own(object(conversation), 'id'),
    promptCacheKey: own(root, 'prompt_cache_key'),
    poolId: own(object(own(root, 'metadata')), 'pool_id'),
    metadataSessionId: own(object(own(root, 'metadata')), 'session_id'),
    clientMetadataThreadId: own(object(own(root, 'client_metadata')), 'thread_id'),
  };
}

const anyJson = fc.jsonValue({ maxDepth: 4 });
const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => !value.includes('\0'));
const document = fc
  .record(
    {
      model: fc.oneof(
        text.filter((value) => value !== ''),
        fc.constant(null),
      ),
      stream: fc.oneof(fc.boolean(), fc.constant(null)),
      previous_response_id: text,
      conversation: fc.oneof(text, fc.record({ id: text, other: anyJson }), fc.constant(null)),
      prompt_cache_key: text,
      metadata: fc.record({ pool_id: text, session_id: text, model: anyJson }, { requiredKeys: [] }),
      client_metadata: fc.record({ thread_id: text }, { requiredKeys: [] }),
      input: fc.oneof(text, fc.array(fc.oneof(anyJson, fc.record({ content: anyJson, role: text })))),
      tools: fc.array(anyJson),
      instructions: text,
      anything: anyJson,
      '': anyJson,
      'mod"el': anyJson,
    },
    { requiredKeys: [] },
  )
  .chain((value) => fc.shuffledSubarray(Object.entries(value), { minLength: 0 }));

/** Spells a document with random space and random escapes in names. */
const spelled = fc.tuple(document, fc.infiniteStream(fc.nat(11))).map(([entries, dice]) => {
  const roll = (): number => dice.next().value as number;
  const space = (): string => ['', '', '', ' ', '\n', '\t\r\n '][roll() % 6] ?? '';
  const name = (key: string): string =>
    JSON.stringify(key).replace(/[a-z]/g, (letter) =>
      roll() === 0 ? `\\u00${letter.charCodeAt(0).toString(16)}` : letter,
    );
  const members = entries.map(
    ([key, value]) => `${space()}${name(key)}${space()}:${space()}${JSON.stringify(value)}${space()}`,
  );
  return `${space()}{${members.join(',')}${members.length === 0 ? space() : ''}}${space()}`;
});

describe('scanRequestBody against JSON.parse', () => {
  it('reads the same fields from any document JSON.parse accepts', () => {
    fc.assert(
      fc.property(spelled, (json) => {
        // Random items may repeat nothing, but may hold a reference with an id of any length or a NUL: not here.
        expect(scan(json)).toMatchObject(oracle(json) ?? {});
      }),
      { numRuns: 1_500 },
    );
  });

  it('refuses every proper prefix of a document', () => {
    fc.assert(
      fc.property(spelled, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (json, at) => {
        const body = Buffer.from(json.trimEnd());
        expect(refusal(body.subarray(0, Math.floor(at * body.length))).status).toBe(400);
      }),
      { numRuns: 500 },
    );
  });

  it('never accepts at the levels it reads what JSON.parse refuses, and never throws anything else', () => {
    // Only scalars as values: everything is at a level that is read.
    const flat = fc
      .dictionary(text, fc.oneof(fc.integer(), fc.boolean(), fc.constant(null)))
      .map((v) => JSON.stringify(v));
    const mutated = fc.tuple(flat, fc.nat(), fc.constantFrom(...'{}[]:,"\\ 0-e.+x\n'), fc.boolean());
    fc.assert(
      fc.property(mutated, ([json, at, piece, insert]) => {
        const i = at % json.length;
        const hostile = json.slice(0, i) + piece + json.slice(insert ? i : i + 1);
        let accepted = true;
        try {
          const value: unknown = JSON.parse(hostile);
          accepted = typeof value === 'object' && value !== null && !Array.isArray(value);
        } catch {
          accepted = false;
        }
        if (accepted) {
          try {
            scan(hostile);
          } catch (error: unknown) {
            expect(error).toBeInstanceOf(ProxyError);
            expect((error as ProxyError).code).not.toBe('invalid_json');
          }
        } else if (/["\\\n]/.test(piece) || hostile.includes('[') || hostile.includes('\\')) {
          // Quotes and escapes can move text into a string or a container nobody reads: both may pass.
          try {
            scan(hostile);
          } catch (error: unknown) {
            expect(error).toBeInstanceOf(ProxyError);
          }
        } else {
          expect(refusal(hostile).status).toBe(400);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it('survives random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          scanRequestBody(Buffer.concat([Buffer.from('{'), bytes]));
        } catch (error: unknown) {
          expect(error).toBeInstanceOf(ProxyError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
