import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, joined, slices } from '../upstream/outgoing-body.js';
import { aliasedBody, withUpstreamModel } from './model-rewrite.js';
import { scanRequestBody } from './request-scan.js';

/** A name in one of the ways JSON can spell it: each character as it is or as an escape. */
const spelled = (name: string, escaped: readonly boolean[]): string =>
  `"${Array.from(name, (character, i) =>
    escaped[i % escaped.length] === true
      ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
      : JSON.stringify(character).slice(1, -1),
  ).join('')}"`;

const ALIAS = 'team-model';
const upstreamIds = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
const blanks = fc.stringMatching(/^[ \t\r\n]{0,4}$/);
const members = fc.dictionary(
  fc.string({ unit: 'grapheme', maxLength: 8 }).filter((name) => name !== 'model'),
  fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constant({ model: ALIAS })),
  { maxKeys: 6 },
);
const escapes = fc.array(fc.boolean(), { minLength: 1, maxLength: 12 });

describe('a body that names an alias', () => {
  it('goes out with the upstream’s name in its place and every other byte as it was', () => {
    fc.assert(
      fc.property(
        members,
        members,
        upstreamIds,
        escapes,
        blanks,
        blanks,
        (front, back, upstreamId, escaped, gap, end) => {
          const part = (of: object): string => JSON.stringify(of).slice(1, -1);
          const before = `{${gap}${part(front) === '' ? '' : `${part(front)},`}"model"${gap}:${end}`;
          const shared = Object.keys(front);
          const kept = Object.fromEntries(Object.entries(back).filter(([name]) => !shared.includes(name)));
          const after = `${gap}${part(kept) === '' ? '' : `,${part(kept)}`}}${end}`;
          const bytes = Buffer.from(before + spelled(ALIAS, escaped) + after);
          let fields;
          try {
            fields = scanRequestBody(bytes);
          } catch {
            return; // routing names of a wrong type: refused, so nothing goes out
          }
          const pin = { alias: ALIAS, upstreamId, resourceId: null, poolId: null };
          const models = { pinOf: (name: string | null) => (name === ALIAS ? pin : null) };
          const aliased = aliasedBody(models, fields, bytes);
          if (aliased === null) throw new Error('the alias was not seen');
          const out = withUpstreamModel(aliased);
          const wanted = Buffer.from(before + JSON.stringify(upstreamId) + after);
          expect(joined(out).equals(wanted)).toBe(true);
          expect(Buffer.concat([...slices(out)]).equals(wanted)).toBe(true);
          expect(bytesOf(out)).toBe(wanted.length);
          expect(scanRequestBody(wanted).model).toBe(upstreamId);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('is not copied: what is around the name are windows on the client’s own bytes', () => {
    const bytes = Buffer.from(`{"model":"${ALIAS}","input":"${'x'.repeat(3_000_000)}"}`);
    const pin = { alias: ALIAS, upstreamId: 'gpt-5', resourceId: null, poolId: null };
    const aliased = aliasedBody({ pinOf: () => pin }, scanRequestBody(bytes), bytes);
    if (aliased === null) throw new Error('the alias was not seen');
    const [front, , back] = withUpstreamModel(aliased);
    expect([front?.buffer === bytes.buffer, back?.buffer === bytes.buffer]).toEqual([true, true]);
  });
});
