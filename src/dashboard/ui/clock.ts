import { signal } from '@preact/signals';

/** Epoch ms of the server, ticking: countdowns must not depend on the reader's clock. */
export const now = signal(Date.now());
let skew = 0;

export function setServerTime(timestamp: number): void {
  skew = timestamp - Date.now();
  now.value = timestamp;
}

export function startClock(): void {
  setInterval(() => {
    now.value = Date.now() + skew;
  }, 1000);
}
