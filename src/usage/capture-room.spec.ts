import { describe, expect, it } from 'vitest';
import { CaptureRoom, FREE_CAPTURE_BYTES } from './capture-room.js';
import { UsageTap } from './usage-tap.js';

const filler = 'x'.repeat(2_000);
/** An answer of a hundred kilobytes that hardly gets thinner: many items, none of them long. */
const many = JSON.stringify({
  object: 'response',
  id: 'resp_many',
  status: 'completed',
  output: Array.from({ length: 50 }, (_, n) => ({ id: `msg_${n}`, content: filler })),
  usage: { input_tokens: 7, output_tokens: 9 },
});

function tapIn(room: CaptureRoom, contentType = 'application/json'): UsageTap {
  return new UsageTap({
    contentType,
    contentEncoding: null,
    contentLength: null,
    maxCaptureBytes: 1_000_000,
    room,
  });
}

function read(tap: UsageTap, text: string): UsageTap {
  for (let at = 0; at < text.length; at += 10_000) tap.push(Buffer.from(text.slice(at, at + 10_000)));
  tap.end();
  return tap;
}

describe('the room for captured answers', () => {
  it('is taken for what goes beyond the free bytes of an answer, and given back with its record', () => {
    const room = new CaptureRoom(1_000_000);
    const tap = read(tapIn(room), many);
    expect(room.held).toBe(many.length - FREE_CAPTURE_BYTES);
    expect(tap.result().captured.truncated).toBe(false);
    tap.release();
    expect(room.held).toBe(0);
    tap.push(Buffer.alloc(200_000, 0x20));
    expect(room.held).toBe(0);
  });

  it('when it is full cuts the stored body, and neither the usage nor whose response it is', () => {
    const room = new CaptureRoom(0);
    const result = read(tapIn(room), many).result();
    expect(result.captured.truncated).toBe(true);
    expect(Buffer.concat(result.captured.chunks).length).toBeLessThanOrEqual(FREE_CAPTURE_BYTES);
    expect(result).toMatchObject({
      responseId: 'resp_many',
      terminal: 'completed',
      usage: { inputTokens: 7, outputTokens: 9 },
    });
    expect(result.itemIds).toHaveLength(50);
    expect(room.held).toBe(0);
  });
});
