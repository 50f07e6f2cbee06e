import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const BODY = JSON.stringify({
  error: {
    message: 'An HTTP/1.1 request has exactly one Host header.',
    type: 'invalid_request_error',
    param: 'host',
    code: 'invalid_http',
  },
});

/** Connections that end with the answer in hand. Node hands over what came behind it all the same. */
const ending = new WeakSet<Socket>();

/**
 * Answers a request that is not for one server but for none or for two of them (RFC 9112 3.2), and ends its connection:
 * whoever made it, what stands behind it there is not to be served. True when there is nothing left to do.
 */
export function refuseUnlessOneHost(req: IncomingMessage, res: ServerResponse): boolean {
  const { socket } = req;
  if (ending.has(socket)) return true;
  if (hasOneHost(req)) return false;
  ending.add(socket);
  res.shouldKeepAlive = false;
  res.writeHead(400, { 'content-type': 'application/json', 'x-should-retry': 'false' });
  res.end(BODY);
  return true;
}

/** HTTP/1.0 knows no Host; two are one too many there, too. */
export function hasOneHost({ rawHeaders, httpVersionMinor }: IncomingMessage): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts === 1 || (hosts === 0 && httpVersionMinor === 0);
}
