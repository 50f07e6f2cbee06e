/** The way to SQL is blocked: no fault of the records, which wait and are tried again. */
export class TelemetryUnavailable extends Error {
  override readonly name = 'TelemetryUnavailable';
}
