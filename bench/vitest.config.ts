import { defineConfig } from 'vitest/config';

/** Benchmarks that need the project's own modules. Not part of the tests: nothing here may fail for being slow. */
export default defineConfig({
  test: { include: ['bench/**/*.bench-run.ts'], testTimeout: 600_000, hookTimeout: 600_000, maxWorkers: 1 },
});
