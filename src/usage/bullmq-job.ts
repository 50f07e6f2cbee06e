/** Queue of batches of records on their way to SQL. */
export const TELEMETRY_QUEUE_NAME = 'telemetry';

export interface TelemetryJobData {
  /** What `encodeBatch` makes. */
  readonly batch: string;
}
