const SECOND_MS = 1_000;
/** `YYYY-MM-DDTHH:MM:SS.` */
const UP_TO_MILLISECONDS = 20;

let second = NaN;
let prefix = '';

/** `Date#toISOString` for years of four digits; the part that changes once a second is kept. */
export function isoTime(epochMs: number): string {
  const whole = Math.floor(epochMs / SECOND_MS);
  if (whole !== second) {
    second = whole;
    prefix = new Date(whole * SECOND_MS).toISOString().slice(0, UP_TO_MILLISECONDS);
  }
  return `${prefix}${String(Math.floor(epochMs) - whole * SECOND_MS).padStart(3, '0')}Z`;
}
