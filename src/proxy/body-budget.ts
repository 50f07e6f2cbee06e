import { ByteBudget } from '../common/byte-budget.js';
import { ProxyError } from '../common/errors.js';

/**
 * Bytes of request bodies held by all exchanges together. Each body has its own limit; without one for their sum a few
 * slow uploads could fill the memory of the process and end everybody's streams.
 */
export class BodyBudget extends ByteBudget {
  /** Throws `overloaded` when the sum would go over the limit; then nothing was taken. */
  take(bytes: number): void {
    if (this.tryTake(bytes)) return;
    throw new ProxyError(
      'overloaded',
      `Request bodies held at the moment come to ${this.limit} bytes (PROXY_MAX_BUFFERED_BYTES); send the request again in a moment.`,
      { retryAfterSeconds: 1 },
    );
  }
}
