import { describe, expect, it } from 'vitest';
import type { UpstreamSink } from '../../upstream/upstream-call.js';
import { ListEditor } from './list-editor.js';

const TEAM = { id: 'team', object: 'model', created: 1, owned_by: 'responses-proxy' } as const;
const LIST = '{"object":"list","data":[{"id":"gpt"}]}';
const EXTENDED = `{"object":"list","data":[{"id":"gpt"},${JSON.stringify(TEAM)}]}`;

/** What came out, in order. */
class Heard implements UpstreamSink {
  readonly events: string[] = [];
  headers: Record<string, string> = {};
  body = '';
  goOn = true;

  onHead(status: number, raw: readonly Buffer[]): boolean {
    this.events.push(`head ${status}`);
    for (let i = 0; i < raw.length; i += 2) this.headers[String(raw[i])] = String(raw[i + 1]);
    return true;
  }

  onChunk(chunk: Buffer): boolean {
    this.events.push('chunk');
    this.body += chunk.toString();
    return this.goOn;
  }

  onEnd(): void {
    this.events.push('end');
  }

  onError(error: unknown, sent: boolean): void {
    this.events.push(`error ${String(error)} ${sent}`);
  }
}

const flat = (headers: Record<string, string>): Buffer[] =>
  Object.entries(headers).flatMap((pair) => pair.map((text) => Buffer.from(text)));

function extender(
  status: number,
  headers: Record<string, string>,
  allowed: string[] | null = null,
): { heard: Heard; sink: ListEditor } {
  const heard = new Heard();
  const sink = new ListEditor(heard, [TEAM], allowed);
  sink.onHead(status, flat(headers));
  return { heard, sink };
}

const JSON_HEAD = { 'Content-Type': 'application/json; charset=utf-8' };

describe('the answer to GET /v1/models', () => {
  it('says the aliases, its new length, and nothing of the bytes it was', () => {
    const { heard, sink } = extender(200, {
      ...JSON_HEAD,
      'Content-Length': String(LIST.length),
      ETag: '"of-the-upstream"',
      'Last-Modified': 'yesterday',
      'x-request-id': 'req',
    });
    for (const byte of LIST) sink.onChunk(Buffer.from(byte));
    expect(heard.events).toEqual([]);
    sink.onEnd();
    expect(heard.events).toEqual(['head 200', 'chunk', 'end']);
    expect(heard.body).toBe(EXTENDED);
    expect(heard.headers).toEqual({
      ...JSON_HEAD,
      'Content-Length': String(EXTENDED.length),
      'x-request-id': 'req',
    });
  });

  it.each([
    ['an error', 401, JSON_HEAD],
    ['another type', 200, { 'content-type': 'text/html' }],
    ['no type', 200, {}],
    ['a compressed one', 200, { ...JSON_HEAD, 'content-encoding': 'gzip' }],
    ['one that says it is too long', 200, { ...JSON_HEAD, 'content-length': '4194305' }],
    ['one with two lengths', 200, { ...JSON_HEAD, 'content-length': '39', 'Content-Length': '39' }],
  ])('passes as it comes: %s', (_name, status, headers) => {
    const { heard, sink } = extender(status, { ...headers, etag: '"x"' });
    expect(heard.events).toEqual([`head ${status}`]);
    heard.goOn = false;
    expect(sink.onChunk(Buffer.from(LIST))).toBe(false);
    sink.onEnd();
    expect([heard.events.length, heard.body, heard.headers]).toEqual([3, LIST, { ...headers, etag: '"x"' }]);
  });

  it.each([
    ['of Codex', '{"models":[]}'],
    ['that is no JSON', 'no'],
    ['that is empty', ''],
  ])('passes with its length and etag when it turns out to be one %s', (_name, text) => {
    const headers = { ...JSON_HEAD, 'content-length': String(text.length), etag: '"x"' };
    const { heard, sink } = extender(200, headers);
    sink.onChunk(Buffer.from(text));
    sink.onEnd();
    expect([heard.body, heard.headers, heard.events.at(-1)]).toEqual([text, headers, 'end']);
  });

  it('is let go as it comes once it is too long to hold, and the upstream waits for a slow client again', () => {
    const { heard, sink } = extender(200, JSON_HEAD);
    const chunk = Buffer.alloc(1024 * 1024, 0x20);
    for (let i = 0; i < 4; i++) expect(sink.onChunk(chunk)).toBe(true);
    expect(heard.events).toEqual([]);
    heard.goOn = false;
    expect(sink.onChunk(Buffer.from(LIST))).toBe(false);
    expect(heard.events).toEqual(['head 200', 'chunk', 'chunk', 'chunk', 'chunk', 'chunk']);
    sink.onEnd();
    expect(heard.body.trimStart()).toBe(LIST);
  });

  it.each([
    ['another type', 200, { 'content-type': 'text/plain' }],
    ['no type', 200, {}],
    ['a compressed one', 200, { ...JSON_HEAD, 'content-encoding': 'gzip' }],
    ['one that says it is too long', 200, { ...JSON_HEAD, 'content-length': '4194305' }],
    ['a part', 206, { ...JSON_HEAD, 'content-range': 'bytes 0-3/9' }],
  ])(
    'is one of aliases alone for a key of some models where it cannot be read: %s',
    (_name, status, headers) => {
      const { heard, sink } = extender(status, { ...headers, etag: '"x"', 'x-request-id': 'req' }, ['team']);
      for (const byte of LIST) sink.onChunk(Buffer.from(byte));
      sink.onEnd();
      const own = `{"object":"list","data":[${JSON.stringify(TEAM)}]}`;
      expect([heard.events, heard.body]).toEqual([['head 200', 'chunk', 'end'], own]);
      const length = 'content-length' in headers ? { 'content-length': String(own.length) } : {};
      expect(heard.headers).toEqual({ 'content-type': 'application/json', 'x-request-id': 'req', ...length });
    },
  );

  it('is one of aliases alone for a key of some models once it is too long to hold', () => {
    const { heard, sink } = extender(200, JSON_HEAD, ['team']);
    for (let i = 0; i < 6; i++) expect(sink.onChunk(Buffer.alloc(1024 * 1024, 0x20))).toBe(true);
    sink.onChunk(Buffer.from(LIST));
    sink.onEnd();
    expect(heard.events).toEqual(['head 200', 'chunk', 'end']);
    expect(JSON.parse(heard.body)).toEqual({ object: 'list', data: [TEAM] });
  });

  it.each([
    ['an error', 401, JSON_HEAD],
    ['one with two lengths', 200, { ...JSON_HEAD, 'content-length': '39', 'Content-Length': '39' }],
  ])('is the upstream’s for a key of some models, too, when it is %s', (_name, status, headers) => {
    const { heard } = extender(status, headers, ['team']);
    expect(heard.events).toEqual([`head ${status}`]);
  });

  it('that breaks off was never begun: somebody else may be asked', () => {
    const { heard, sink } = extender(200, JSON_HEAD);
    sink.onChunk(Buffer.from(LIST.slice(0, 9)));
    sink.onError('reset', true);
    expect(heard.events).toEqual(['error reset true']);
  });
});
