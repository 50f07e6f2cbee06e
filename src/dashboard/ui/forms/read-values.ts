import { FieldProblem } from './field-problem.js';

/** What people write → what the API wants. Null = nothing was written. */
export function orNull(text: string): string | null {
  return text === '' ? null : text;
}

export function wholeNumber(param: string, text: string): number | null {
  const digits = text.trim().replaceAll(',', '');
  if (digits === '') return null;
  if (/^\d{1,15}$/.test(digits)) return Number(digits);
  throw new FieldProblem(param, 'Write a whole number, or nothing.');
}

export function decimal(param: string, text: string): number | null {
  const written = text.trim();
  if (written === '') return null;
  if (/^(?:\d+|\d*\.\d+)$/.test(written)) return Number(written);
  throw new FieldProblem(param, 'Write a number such as 1.25, or nothing.');
}

/** One name a line. */
export function lines(text: string): string[] | null {
  const names = text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  return names.length === 0 ? null : names;
}

export function jsonObject(param: string, text: string): object | null {
  if (text.trim() === '') return null;
  const value = parsed(param, text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new FieldProblem(param, 'Write one JSON object, such as {"owner": "platform"}.');
}

function parsed(param: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error: unknown) {
    throw new FieldProblem(
      param,
      `This is not JSON: ${error instanceof Error ? error.message : 'it ends early'}.`,
    );
  }
}

/** `datetime-local` speaks the reader's time zone. */
export function localTime(param: string, text: string): number | null {
  if (text === '') return null;
  const at = new Date(text).getTime();
  if (Number.isFinite(at)) return at;
  throw new FieldProblem(param, 'Choose a day and a time, or nothing.');
}

export function asLocalTime(epochMs: number | null): string {
  if (epochMs === null) return '';
  const at = new Date(epochMs);
  return new Date(epochMs - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function asText(value: string | number | null): string {
  return value === null ? '' : String(value);
}

/** Terms that differ: what a PATCH sends. */
export function changedTerms(before: object, after: object): Record<string, unknown> {
  const old = new Map(Object.entries(before));
  return Object.fromEntries(
    Object.entries(after).filter(([name, value]) => JSON.stringify(old.get(name)) !== JSON.stringify(value)),
  );
}

/** Terms that say something: what a POST sends. */
export function givenTerms(terms: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== null && value !== ''));
}
