import { knownCoding, whyUnknown } from '../common/body-coding.js';
import { decodedPart } from '../common/decoded-part.js';
import { ProxyError } from '../common/errors.js';
import type { CapturedBodyItem } from '../usage/captured-body-item.js';

/** More than anybody reads; what is captured is 2 MB unless somebody asked for more. */
const MAX_DECODED_BYTES = 10_000_000;

export interface DecodedBody {
  readonly content: Buffer;
  /** Why it is not all of the body, for a person; null = it is. */
  readonly note: string | null;
}

/** A captured body without its content coding. Throws `invalid_parameter` where that coding cannot be undone here. */
export async function decodedBody(body: CapturedBodyItem): Promise<DecodedBody> {
  const name = (body.content_encoding ?? '').trim().toLowerCase();
  const early = body.truncated ? 'It was captured in part only, so its end is missing.' : null;
  if (name === '' || name === 'identity') return { content: body.content, note: early };
  const coding = knownCoding(name);
  if (coding === null) {
    throw new ProxyError(
      'invalid_parameter',
      `This body passed through with content-encoding "${printable(name)}", which cannot be undone here${whyUnknown(name)}. ` +
        'Leave `decoded` out to have it as it was.',
      { param: 'decoded' },
    );
  }
  const { plain, cut, broken } = await decodedPart(body.content, coding, MAX_DECODED_BYTES);
  if (cut) return { content: plain, note: `Of the decoded body, the first ${MAX_DECODED_BYTES / 1e6} MB.` };
  if (early !== null) return { content: plain, note: early };
  const note =
    broken === null ? null : `Its ${coding} is broken (${broken}): this is what comes before that.`;
  return { content: plain, note };
}

function printable(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 40);
}
