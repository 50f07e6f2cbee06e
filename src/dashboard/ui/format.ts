import { duration as known } from '../../common/duration.js';

export { span } from '../../common/duration.js';

/** Unknown is not zero. */
export function duration(ms: number | null): string {
  return ms === null ? '–' : known(ms);
}

export function timeOfDay(epochMs: number): string {
  return new Date(epochMs).toLocaleTimeString(undefined, { hour12: false });
}

/** Day and time, as this reader writes them. */
export function moment(epochMs: number): string {
  return new Date(epochMs).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'medium',
    hour12: false,
  });
}

/** Unknown is not zero. */
export function count(value: number | null): string {
  return value === null ? '–' : value.toLocaleString('en-US');
}

/** 0.0123 → "$0.0123", 12.5 → "$12.50". Unknown is not zero. */
export function dollars(value: number | null): string {
  return value === null ? '–' : `$${value.toFixed(value === 0 || value >= 1 ? 2 : value < 0.01 ? 6 : 4)}`;
}

/** 0.871 → "87 %". Unknown is not zero. */
export function percent(share: number | null): string {
  return share === null ? '–' : `${Math.round(share * 100)} %`;
}

/** `rate_limited` → "rate limited". */
export function words(code: string): string {
  return code.replaceAll('_', ' ');
}

export function short(id: string | null, length = 14): string {
  if (id === null) return '–';
  return id.length > length ? `${id.slice(0, length)}…` : id;
}

/** 1234 → "1.2 k", 2500000 → "2.5 M": where there is little room. */
export function compact(value: number | null): string {
  if (value === null) return '–';
  if (Math.abs(value) < 1_000) return String(Math.round(value * 100) / 100);
  const [divisor, unit] = value < 1e6 ? [1e3, 'k'] : value < 1e9 ? [1e6, 'M'] : [1e9, 'G'];
  const scaled = value / divisor;
  return `${scaled.toFixed(scaled < 100 ? 1 : 0)} ${unit}`;
}

/** 18240 → "18 kB". */
export function bytes(value: number | null): string {
  if (value === null) return '–';
  if (value < 1_000) return `${value} B`;
  return value < 1_000_000 ? `${Math.round(value / 1_000)} kB` : `${(value / 1_000_000).toFixed(1)} MB`;
}

/** A share of two counts, null where it says nothing. */
export function ratio(part: number | null, whole: number | null): number | null {
  return part === null || whole === null || whole === 0 ? null : part / whole;
}

/** One after the other; a message of an upstream ends with a period, or does not. */
export function sentences(texts: readonly (string | null | undefined)[]): string {
  const said = texts.filter((text) => text !== null && text !== undefined && text !== '');
  return said.reduce<string>((all, text) => {
    if (all === '') return String(text);
    return `${all}${/[.!?…]$/.test(all) ? '' : '.'} ${text}`;
  }, '');
}
