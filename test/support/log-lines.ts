import { createLogger, type Logger } from '../../src/common/logger.js';

/** A real logger whose lines are kept. */
export class LogLines {
  readonly lines: Record<string, unknown>[] = [];
  readonly logger: Logger = createLogger('info', {
    write: (line: string) => void this.lines.push(JSON.parse(line) as Record<string, unknown>),
  });

  of(event: string): Record<string, unknown>[] {
    return this.lines.filter((line) => line['event'] === event);
  }
}
