import type { AliasPin } from '../common/alias-pin.js';
import type { ByteSpan } from '../common/json-scanner.js';
import type { ModelDirectory } from '../registry/model-directory.service.js';
import type { BodyFields } from './body-fields.js';

/** A body that names an alias. `bytes` are plain, also where the client sent them compressed. */
export interface AliasedBody {
  readonly pin: AliasPin;
  readonly bytes: Buffer;
  /** Of the value of `model`, quotes included. */
  readonly span: ByteSpan;
}

export function aliasedBody(
  models: Pick<ModelDirectory, 'pinOf'>,
  { model, modelSpan }: BodyFields,
  bytes: Buffer,
): AliasedBody | null {
  const pin = models.pinOf(model);
  return pin === null || modelSpan === null ? null : { pin, bytes, span: modelSpan };
}

/** The body with the upstream's name in place of the alias: three pieces, so that a large one is not copied. */
export function withUpstreamModel({ pin, bytes, span }: AliasedBody): readonly Buffer[] {
  return [
    bytes.subarray(0, span.start),
    Buffer.from(JSON.stringify(pin.upstreamId)),
    bytes.subarray(span.end),
  ];
}
