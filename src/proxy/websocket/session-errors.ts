import { ProxyError } from '../../common/errors.js';

/** For a message that waited and was never sent. */
export function unsent(): ProxyError {
  return new ProxyError(
    'upstream_unreachable',
    'The connection ended before this message was sent; send it again.',
  );
}
