/** A captured body, as far as it can be read here. */
export interface BodyContent {
  readonly text: string | null;
  /** Why there is no text, or not all of it. */
  readonly note: string | null;
}

/** A page of more than this is of no use to anybody; the download has it all. */
const MAX_SHOWN = 400_000;
const INFLATABLE = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
] as const);

export async function readable(blob: Blob, encoding: string | null): Promise<BodyContent> {
  const coding = (encoding ?? '').trim().toLowerCase();
  if (coding === '' || coding === 'identity') return shown(await blob.text(), null);
  const format = INFLATABLE.get(coding as 'gzip');
  if (format === undefined)
    return { text: null, note: `It passed through compressed with ${coding}. Download it to read it.` };
  const reader = blob
    .stream()
    .pipeThrough(new DecompressionStream(format))
    .pipeThrough(new TextDecoderStream())
    .getReader();
  let text = '';
  try {
    while (text.length <= MAX_SHOWN) {
      const { done, value } = await reader.read();
      if (done) return shown(text, null);
      text += value;
    }
    await reader.cancel();
    return shown(text, null);
  } catch {
    return shown(text, 'Its compressed data ends early.');
  }
}

function shown(text: string, note: string | null): BodyContent {
  if (text.length <= MAX_SHOWN) return { text, note };
  return { text: text.slice(0, MAX_SHOWN), note: 'Only the beginning is shown. Download it for the rest.' };
}

/** Indented where it is whole JSON; null otherwise. */
export function prettyJson(text: string): string | null {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}
