import { call } from './api.js';

/** A captured body, as far as it can be read here. */
export interface BodyContent {
  readonly text: string;
  /** Why it is not all of it. */
  readonly note: string | null;
}

/** A page of more than this is of no use to anybody; the download has it all. */
const MAX_SHOWN = 400_000;

/** `decoded=1` is the body without its content coding: the server undoes more of them than a browser does. */
export async function readable(path: string): Promise<BodyContent> {
  const answer = await call(`${path}?decoded=1`);
  return shown(await answer.text(), answer.headers.get('x-captured-note'));
}

function shown(text: string, note: string | null): BodyContent {
  if (text.length <= MAX_SHOWN) return { text, note };
  return {
    text: text.slice(0, MAX_SHOWN),
    note: `${note ?? ''} Only the beginning is shown. Download it for the rest.`.trim(),
  };
}

/** Indented where it is whole JSON; null otherwise. */
export function prettyJson(text: string): string | null {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}
