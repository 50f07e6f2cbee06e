import type { ServerConfig } from '../config/app-config.js';
import type { ModelDirectory } from '../registry/model-directory.service.js';
import { checkBodyHeaders } from './admission.js';
import type { BodyBudget } from './body-budget.js';
import type { BodyCoding } from '../common/body-coding.js';
import { decodeRequestBody } from './body-decoder.js';
import type { BodyFields } from './body-fields.js';
import type { Exchange } from './exchange.js';
import { aliasedBody } from './model-rewrite.js';
import { ClientGone, declaredLength, readBody } from './request-body.js';
import { scanRequestBody } from './request-scan.js';
import type { ProxyRoute } from './route-grammar.js';
import { Turns } from './turns.js';

/** Each decoder may hold a window of 16 MB, however small its body; zlib has four threads to run them on. */
const DECODED_AT_ONCE = 4;

/** Takes a request's body in, whole and as it came, and reads the routing fields out of it. */
export class RequestIntake {
  readonly #decoding = new Turns(DECODED_AT_ONCE);

  constructor(
    private readonly limits: ServerConfig,
    private readonly budget: BodyBudget,
    private readonly models: Pick<ModelDirectory, 'pinOf'>,
  ) {}

  /** Leaves the body with the exchange; null = there is none and the route needs none. */
  async read(exchange: Exchange, route: ProxyRoute): Promise<BodyFields | null> {
    const coding = route.hasBody ? await this.#receive(exchange) : null;
    const body = exchange.body ?? Buffer.alloc(0);
    if (body.length === 0) return route.kind === 'create' ? scanRequestBody(body) : null;
    if (coding === null) return this.#scan(exchange, body);
    return this.#decoding.run(() => this.#scanCoded(exchange, body, coding));
  }

  /** Everything about the body that the head tells is judged before the client is asked to send it. */
  async #receive(exchange: Exchange): Promise<BodyCoding | null> {
    const { req, res } = exchange;
    const coding = checkBodyHeaders(req);
    declaredLength(req, this.limits.maxBodyBytes);
    if (req.headers.expect !== undefined) res.writeContinue();
    exchange.body = await readBody(req, this.limits, (bytes) => {
      this.budget.take(bytes);
      exchange.bodyBytes += bytes;
    });
    return coding;
  }

  #scan(exchange: Exchange, bytes: Buffer): BodyFields {
    const fields = scanRequestBody(bytes);
    exchange.aliased = aliasedBody(this.models, fields, bytes);
    return fields;
  }

  /** The decoded bytes count against the budget for as long as they are there, which is mostly until they have been scanned. */
  async #scanCoded(exchange: Exchange, body: Buffer, coding: BodyCoding): Promise<BodyFields> {
    let held = 0;
    try {
      const plain = await decodeRequestBody(body, coding, this.limits.maxBodyBytes, (bytes) => {
        this.budget.take(bytes);
        held += bytes;
      });
      if (exchange.clientGone)
        throw new ClientGone('the client closed the connection before its request was sent');
      const fields = this.#scan(exchange, plain);
      // It goes upstream in the place of what the client sent: it stays, and with it what it takes.
      if (exchange.aliased !== null) {
        exchange.bodyBytes += held;
        held = 0;
      }
      return fields;
    } finally {
      this.budget.give(held);
    }
  }
}
