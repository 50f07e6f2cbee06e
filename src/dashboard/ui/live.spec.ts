import { afterEach, describe, expect, it, vi } from 'vitest';
import { signIn, startLive } from './live.js';
import { connection } from './store.js';

describe('the live stream', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('is one, also when somebody signs in while it waits to try again', async () => {
    vi.useFakeTimers();
    const fetched = vi.fn(() => Promise.reject(new TypeError('nobody there')));
    vi.stubGlobal('fetch', fetched);
    startLive();
    await vi.advanceTimersByTimeAsync(0);
    expect(connection.value).toBe('away');
    connection.value = 'signed_out';
    fetched.mockImplementation(() => new Promise(() => undefined));
    signIn('the right one');
    await vi.advanceTimersByTimeAsync(12_000);
    expect(fetched).toHaveBeenCalledTimes(2);
    expect(connection.value).toBe('connecting');
  });
});
