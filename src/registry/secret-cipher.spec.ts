import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { demand } from '../../test/support/release.js';
import { Secret } from '../common/secret.js';
import { SecretCipher } from './secret-cipher.js';

const OLD = new Secret(randomBytes(32).toString('base64'));
const NEW = new Secret(randomBytes(32).toString('base64'));
const PLACE = { table: 'providers', id: 'prov_1', column: 'secret' };
const KEY = new Secret('sk-proj-canary-ÄÖ-0123456789');

describe('SecretCipher', () => {
  it('opens what it sealed, and never seals twice alike', () => {
    const cipher = new SecretCipher(NEW, null);
    const sealed = cipher.seal(KEY, PLACE);
    expect(cipher.open(sealed, PLACE).reveal()).toBe(KEY.reveal());
    expect(sealed).not.toContain('canary');
    expect(cipher.seal(KEY, PLACE)).not.toBe(sealed);
  });

  it('repeats no nonce in 100,000 encryptions', () => {
    const cipher = new SecretCipher(NEW, null);
    const nonces = new Set<string>();
    for (let n = 0; n < 100_000; n++) nonces.add(cipher.seal(KEY, PLACE).split('.')[2]?.slice(0, 16) ?? '');
    demand('S18', 'nonces of 100,000 encryptions', nonces.size, { exactly: 100_000 });
  });

  it.each([
    ['another row', { ...PLACE, id: 'prov_2' }],
    ['another table', { ...PLACE, table: 'models' }],
    ['another column', { ...PLACE, column: 'name' }],
  ])('does not open in %s', (_name, place) => {
    const cipher = new SecretCipher(NEW, null);
    expect(() => cipher.open(cipher.seal(KEY, PLACE), place)).toThrow('altered or moved');
  });

  it('does not open with any bit flipped, nor cut', () => {
    const cipher = new SecretCipher(NEW, null);
    const [version, id, body = ''] = cipher.seal(KEY, PLACE).split('.');
    const bytes = Buffer.from(body, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => cipher.open([version, id, changed.toString('base64url')].join('.'), PLACE)).toThrow(
        'altered',
      );
    }
    for (const length of [0, 1, 12, 27, bytes.length - 1])
      expect(() =>
        cipher.open([version, id, bytes.subarray(0, length).toString('base64url')].join('.'), PLACE),
      ).toThrow();
  });

  it('reads what the previous key sealed, and says that it is stale', () => {
    const sealed = new SecretCipher(OLD, null).seal(KEY, PLACE);
    const cipher = new SecretCipher(NEW, OLD);
    expect(cipher.open(sealed, PLACE).reveal()).toBe(KEY.reveal());
    expect([cipher.isStale(sealed), cipher.isStale(cipher.seal(KEY, PLACE))]).toEqual([true, false]);
  });

  it.each(['', 'plain', 'v1.deadbeef', 'v2.a.b', 'v1.a.b.c'])('names the missing key for %j', (text) => {
    expect(() => new SecretCipher(NEW, OLD).open(text, PLACE)).toThrow('PROXY_SECRET_ENCRYPTION_KEY');
  });

  it('tells neither key nor content in its errors', () => {
    const sealed = new SecretCipher(OLD, null).seal(KEY, PLACE);
    try {
      new SecretCipher(NEW, null).open(sealed, PLACE);
      expect.unreachable();
    } catch (e: unknown) {
      const told = String(e);
      for (const secret of [KEY, OLD, NEW]) expect(told).not.toContain(secret.reveal());
    }
  });
});
