import { describe } from 'vitest';
import { telemetryQueueContract } from './telemetry-queue.contract.js';

describe.each(['sqlite', 'postgres'] as const)('direct telemetry queue to %s', (dialect) =>
  telemetryQueueContract(dialect, () => undefined),
);
