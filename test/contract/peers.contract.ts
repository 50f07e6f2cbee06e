import { beforeEach, describe, expect, it } from 'vitest';
import type { Notice, Peers } from '../../src/state/peers.js';

export const aNotice = (over: Partial<Notice> = {}): Notice => ({
  topic: 'health.verdict',
  key: 'f1',
  body: { status: 'unhealthy' },
  ttlMs: 60_000,
  ...over,
});

/** What every adapter of the port must do for a process that has no others. */
export function peersContract(name: string, make: () => Peers | Promise<Peers>): void {
  describe(`peers: ${name}`, () => {
    let peers: Peers;
    beforeEach(async () => {
      peers = await make();
    });

    it('lists itself first, with what its parts say of it; the later one wins', () => {
      peers.describe(() => ({ pending: 3, draining: true }));
      peers.describe(() => ({ pending: 5, inFlight: { 'openai-1': 2 } }));
      const [self] = peers.list();
      expect(self).toMatchObject({ self: true, ageMs: 0, pid: process.pid, role: 'api', version: '1.2.3' });
      expect(self).toMatchObject({
        pending: 5,
        draining: true,
        inFlight: { 'openai-1': 2 },
        databaseId: null,
      });
      expect(self?.uptimeMs).toBeGreaterThanOrEqual(0);
    });

    it('asks afresh each time', () => {
      let pending = 1;
      peers.describe(() => ({ pending }));
      expect(peers.list()[0]?.pending).toBe(1);
      pending = 2;
      expect(peers.list()[0]?.pending).toBe(2);
    });

    it('does not hear itself', async () => {
      const heard: unknown[] = [];
      const stop = peers.onNotice('health.verdict', (notice) => heard.push(notice));
      peers.post(aNotice());
      expect(await peers.claim('anything', 1_000)).toBe(true);
      expect(heard).toEqual([]);
      stop();
      stop();
    });

    it('says how it stands with the others', () => {
      const { link } = peers;
      expect(['alone', 'up', 'away']).toContain(link.status);
      expect(link.since).toBeGreaterThan(0);
      expect(link.warnings).toEqual([]);
      peers.onChange(() => undefined)();
    });
  });
}
