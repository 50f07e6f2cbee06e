import { pinText } from '../../balancer/alias-scope.js';
import type { AliasPin } from '../../common/alias-pin.js';
import { ProxyError } from '../../common/errors.js';
import type { Resource } from '../../resources/resource.js';
import { invalidField } from '../routing-field.js';

/** For a message that waited and was never sent. */
export function unsent(): ProxyError {
  return new ProxyError(
    'upstream_unreachable',
    'The connection ended before this message was sent; send it again.',
  );
}

/** For an alias that is served elsewhere, on a connection that cannot move any more. */
export function otherModel(alias: AliasPin, { id }: Resource): ProxyError {
  return invalidField(
    'model',
    `names an alias that ${pinText(alias)} serves alone, and this connection goes to ${id}; open another one for it`,
  );
}
