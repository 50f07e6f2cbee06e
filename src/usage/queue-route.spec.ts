import { expect, it } from 'vitest';
import { QueueRoute } from './queue-route.js';

it('is used until it fails, tried again later or at a hint, and tells each change once', () => {
  const route = new QueueRoute();
  expect(route.isOpen(0)).toBe(true);
  expect(route.worked()).toBe(false);
  expect(route.close('no worker', 0, 1_000)).toBe(true);
  expect(route.isOpen(999)).toBe(false);
  expect(route.isOpen(1_000)).toBe(true);
  expect(route.close('no worker', 1_000, 0)).toBe(false);
  expect(route.isOpen(10_999)).toBe(false);
  expect(route.isOpen(11_000)).toBe(true);
  route.hint();
  expect(route.isOpen(1_500)).toBe(true);
  expect(route.worked()).toBe(true);
  expect(route.worked()).toBe(false);
  expect(route.close('lost', 0, 0)).toBe(true);
  expect(route.isOpen(0)).toBe(true);
});
