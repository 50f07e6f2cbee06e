import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callersList } from './callers-list.js';

const alias = (id: string) => ({ id, object: 'model' as const, created: 1, owned_by: 'responses-proxy' });
const extended = (text: string, ...ids: string[]): string | null =>
  callersList(Buffer.from(text), ids.map(alias), null)?.toString() ?? null;

describe('a list of models with aliases', () => {
  it('keeps every byte of the upstream around what is added', () => {
    const before = '{ "data" : [ {"id":"gpt","x":"h\\u0069 ]ü"} \n';
    const after = '] , "object":"l\\u0069st", "more" : [ 1e0 ] }\n';
    expect(extended(before + after, 'team', 'other')).toBe(
      `${before},${JSON.stringify(alias('team'))},${JSON.stringify(alias('other'))}${after}`,
    );
  });

  it('holds the aliases alone where the upstream offers nothing', () => {
    expect(extended('{"object":"list","data":[ ]}', 'team')).toBe(
      `{"object":"list","data":[ ${JSON.stringify(alias('team'))}]}`,
    );
  });

  it('names nothing twice, and is the upstream’s own when nothing is new', () => {
    const list = '{"object":"list","data":[{"id":"gpt"},{"id":"g\\u0070t-5"}]}';
    expect(extended(list, 'gpt', 'gpt-5')).toBeNull();
    expect(extended(list, 'gpt', 'team')?.match(/"id":"gpt"/g)).toHaveLength(1);
  });

  it.each([
    ['the list Codex reads', '{"models":[{"slug":"gpt"}]}'],
    ['another object', '{"object":"page","data":[]}'],
    ['data that is no array', '{"object":"list","data":{}}'],
    ['data twice', '{"object":"list","data":[],"data":[]}'],
    ['data twice in two spellings', '{"object":"list","data":[],"d\\u0061ta":[]}'],
    ['an array', '[]'],
    ['nothing', ''],
    ['null', 'null'],
    ['half a list', '{"object":"list","data":[{"id":"gpt"}'],
    ['a byte order mark', '\ufeff{"object":"list","data":[]}'],
    ['something behind the list', '{"object":"list","data":[]} []'],
    ['a nest', `{"object":"list","data":[${'['.repeat(500)}${']'.repeat(500)}]}`],
  ])('is not made of %s', (_name, text) => {
    expect(extended(text, 'team')).toBeNull();
  });

  it('reads as the upstream’s with the aliases behind, whatever else is in it', () => {
    const names = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((name) => name !== '__proto__');
    const models = fc.array(fc.dictionary(names, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }), {
      maxLength: 5,
    });
    const rest = fc.dictionary(names, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 });
    fc.assert(
      fc.property(models, rest, fc.integer({ min: 0, max: 4 }), (data, others, indent) => {
        const list = { ...others, object: 'list', data };
        const added = extended(JSON.stringify(list, null, indent), 'an-alias-of-ours');
        const wanted = { ...list, data: [...data, alias('an-alias-of-ours')] };
        expect(JSON.parse(added ?? 'null')).toEqual(JSON.parse(JSON.stringify(wanted)));
      }),
      { numRuns: 500 },
    );
  });
});

describe('a list of models for a caller that may not use all of them', () => {
  const shown = (text: string, allowed: string[], ...ids: string[]): string | null =>
    callersList(Buffer.from(text), ids.map(alias), allowed)?.toString() ?? null;

  it('keeps every byte but those of the others', () => {
    const list =
      '{ "object":"list", "data" : [ {"id":"a", "x":1e0} , {"id":"b"}, {"id":"\\u0063"},7 ] ,"more":[]}';
    expect(shown(list, ['a', 'c'])).toBe(
      '{ "object":"list", "data" : [{"id":"a", "x":1e0},{"id":"\\u0063"}] ,"more":[]}',
    );
    expect(shown(list, ['b'], 'b', 'team')).toBe(
      `{ "object":"list", "data" : [{"id":"b"},${JSON.stringify(alias('team'))}] ,"more":[]}`,
    );
    expect(shown(list, [])).toBe('{ "object":"list", "data" : [] ,"more":[]}');
  });

  it('is the upstream’s own where nothing has to go', () => {
    expect(shown('{"object":"list","data":[{"id":"a"}]}', ['a', 'b'])).toBeNull();
  });

  it('is cut in every place that a list stands in, and by no alias twice', () => {
    const list = '{"models":[{"slug":"a"},{"slug":"b"}],"object":"list","data":[{"id":"a"},{"id":"b"}]}';
    expect(shown(list, ['b'], 'team')).toBe(
      `{"models":[{"slug":"b"}],"object":"list","data":[{"id":"b"},${JSON.stringify(alias('team'))}]}`,
    );
    expect(shown(list, [])).toBe('{"models":[],"object":"list","data":[]}');
    expect(shown('{"object":"page","data":[{"id":"a"}],"models":7}', ['b'], 'team')).toBe(
      '{"object":"page","data":[],"models":7}',
    );
  });

  it.each([
    ['data twice', '{"object":"list","data":[],"data":[{"id":"a"}]}'],
    ['data twice in two spellings', '{"object":"list","data":[],"d\\u0061ta":[{"id":"a"}]}'],
    ['no list at all', '{"more":[{"id":"a"}]}'],
    ['an array', '[{"id":"a"}]'],
    ['no JSON', 'a b c'],
    ['nothing', ''],
    ['a byte order mark', '\ufeff{"object":"list","data":[{"id":"a"}]}'],
    ['a nest', `{"object":"list","data":[${'['.repeat(500)}${']'.repeat(500)}]}`],
  ])('is one of aliases alone where it cannot be read: %s', (_name, text) => {
    const own = `{"object":"list","data":[${JSON.stringify(alias('team'))}]}`;
    expect(shown(text, ['b'], 'team')).toBe(own);
  });

  it('is the one Codex reads, too, which has no place for aliases', () => {
    const list = '{"models":[{"slug":"a"},{"slug":"b"}],"etag":1}';
    expect(shown(list, ['b'], 'team')).toBe('{"models":[{"slug":"b"}],"etag":1}');
  });
});
