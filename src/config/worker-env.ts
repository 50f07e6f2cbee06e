import { Text, WholeNumber } from './env-variable.js';

/** Of a worker process only. */
export class WorkerEnv {
  @WholeNumber({
    default: 0,
    defaultText: 'none',
    min: 0,
    max: 65_535,
    meaning:
      'Port on `HOST` where a worker answers `/healthz`, `/readyz` and `/metrics`; 0 = it listens nowhere.',
  })
  readonly PROXY_WORKER_PORT!: number;

  @Text({
    default: null,
    accepted: 'after_commit',
    check: (text) => text === 'after_commit',
    meaning: 'For tests, refused unless `NODE_ENV=test`: a worker dies between a commit and telling of it.',
  })
  readonly PROXY_FAILPOINT!: 'after_commit' | null;
}
