import { span } from '../common/duration.js';

const NUMBER = new Intl.NumberFormat('en-US');
const PLAIN_EVERY_MS = 5_000;
const TTY_EVERY_MS = 200;

interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

interface Progress {
  readonly table: string;
  readonly rows: number;
  readonly total: number;
}

/** How it goes: one line that rewrites itself on a terminal, a line every few seconds elsewhere. */
export class TransferOutput {
  #table = '';
  #startedAt = 0;
  #startedRows = 0;
  #shownAt = -Infinity;
  #open = false;

  constructor(
    private readonly out: Terminal,
    private readonly now: () => number = () => performance.now(),
  ) {}

  progress({ table, rows, total }: Progress): void {
    const now = this.now();
    if (table !== this.#table) {
      this.line('');
      this.#table = table;
      this.#startedAt = now;
      this.#startedRows = rows;
      this.#shownAt = now;
      return;
    }
    const every = this.out.isTTY === true ? TTY_EVERY_MS : PLAIN_EVERY_MS;
    if (now - this.#shownAt < every && rows < total) return;
    this.#shownAt = now;
    const seconds = Math.max((now - this.#startedAt) / 1000, 0.001);
    this.#show(progressLine({ table, rows, total }, (rows - this.#startedRows) / seconds));
  }

  /** Ends the line in progress; then `text`, unless it is empty. */
  line(text: string): void {
    if (this.#open) this.out.write('\n');
    this.#open = false;
    if (text !== '') this.out.write(`${text}\n`);
  }

  #show(text: string): void {
    if (this.out.isTTY !== true) return void this.out.write(`${text}\n`);
    this.out.write(`\r\u001b[K${text}`);
    this.#open = true;
  }
}

export function progressLine({ table, rows, total }: Progress, perSecond: number): string {
  const left = Math.max(0, total - rows);
  const wait = perSecond > 0 && left > 0 ? `, ${span(Math.ceil(left / perSecond) * 1_000)} left` : '';
  return `${table}: ${NUMBER.format(rows)} of ${NUMBER.format(total)}, ${NUMBER.format(Math.round(perSecond))} rows/s${wait}`;
}

export function counted(count: number, thing = 'row'): string {
  return `${NUMBER.format(count)} ${thing}${count === 1 ? '' : 's'}`;
}
