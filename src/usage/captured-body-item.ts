import type { BodyItem } from './request-item.js';

/** A body with its content, decompressed from storage. */
export interface CapturedBodyItem extends BodyItem {
  readonly content: Buffer;
}
