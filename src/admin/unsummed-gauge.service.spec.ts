import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { UnsummedGauge } from './unsummed-gauge.service.js';

it('says nothing until the hours are known, asks again a minute after a failure, and keeps what was known', async () => {
  const registry = new Registry();
  let now = 0;
  let asked = 0;
  let hours: number | null = null;
  const unsummedPatiently = async () => {
    asked += 1;
    if (hours === null) throw new Error('away');
    return { first: 0, hours };
  };
  const clock = { now: () => now, monotonic: () => now };
  new UnsummedGauge({ registry } as never, { unsummedPatiently }, clock).onModuleInit();
  /** The answer is for the next scrape. */
  const scraped = async (at: number): Promise<[number | undefined, number]> => {
    now = at;
    await registry.metrics();
    const text = await registry.metrics();
    const sample = /^rpx_unsummed_hours (\S+)$/m.exec(text)?.[1];
    return [sample === undefined ? undefined : Number(sample), asked];
  };
  expect(await scraped(0)).toEqual([undefined, 1]);
  expect(await scraped(59_000)).toEqual([undefined, 1]);
  hours = 2;
  expect(await scraped(60_000)).toEqual([2, 2]);
  expect(await scraped(300_000)).toEqual([2, 2]);
  hours = null;
  expect(await scraped(360_000)).toEqual([2, 3]);
  hours = 0;
  expect(await scraped(420_000)).toEqual([0, 4]);
});
