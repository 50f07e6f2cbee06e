import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyCollector } from './body-collector.js';

describe('a body in pieces', () => {
  it('comes out as it went in, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(fc.uint8Array({ maxLength: 50 }), fc.uint8Array({ minLength: 16_000, maxLength: 17_000 })),
        ),
        (pieces) => {
          const body = new BodyCollector();
          for (const piece of pieces) body.push(Buffer.from(piece));
          expect(body.concat().equals(Buffer.concat(pieces))).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('holds a million one-byte chunks in about as many bytes', () => {
    const body = new BodyCollector();
    const before = process.memoryUsage();
    for (let n = 0; n < 1_000_000; n += 1) body.push(Buffer.from([n & 0xff]));
    const after = process.memoryUsage();
    expect(body.size).toBe(1_000_000);
    expect(after.external - before.external).toBeLessThan(4_000_000);
  });
});
