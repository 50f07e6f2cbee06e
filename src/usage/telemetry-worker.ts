/** PORT telemetry-worker: the end of the queue that writes SQL, where this process has one. */
export interface TelemetryWorker {
  /** Ends with the batch in hand, within seconds. Safe to call twice. */
  stop(): Promise<void>;
  /** Whether the queue can be read now. */
  reachesQueue(): Promise<boolean>;
}

export const TELEMETRY_WORKER = Symbol('TelemetryWorker');
