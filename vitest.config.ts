import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.spec.ts', 'test/**/*.spec.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Two cores are the smallest machine this is developed on: more workers than that only add noise.
    maxWorkers: 2,
    // A run elsewhere leaves nothing but its messages: what was received must be in them.
    chaiConfig: { truncateThreshold: 0 },
    reporters: ['default', './script/flaky-reporter.mjs'],
  },
});
