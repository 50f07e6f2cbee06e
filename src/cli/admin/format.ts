import { duration as known } from '../../common/duration.js';

const NUMBER = new Intl.NumberFormat('en-US');

export const NONE = '-';

export function count(value: number | null): string {
  return value === null ? NONE : NUMBER.format(value);
}

/** Local time to the second; the day is the reader's. */
export function time(epochMs: number | null): string {
  if (epochMs === null) return NONE;
  const at = new Date(epochMs);
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

export function duration(ms: number | null): string {
  return ms === null ? NONE : known(ms);
}

/** Unknown is not 0. */
export function usd(value: number | null): string {
  if (value === null) return NONE;
  return value >= 1 || value === 0 ? `$${value.toFixed(2)}` : `$${value.toPrecision(2)}`;
}

export function percent(rate: number | null): string {
  return rate === null ? NONE : `${(rate * 100).toFixed(1)} %`;
}

export function words(value: string | number | null): string {
  return value === null || value === '' ? NONE : String(value);
}
