import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bytesOf, fieldsOf, numberOf, textOf } from './protobuf.js';

type Value = string | number | boolean | Value[] | null;

export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  /** Of the protocol: 2 server, 3 client. */
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, Value>>;
  /** 2 = error. */
  readonly status: number;
  readonly resource: Readonly<Record<string, Value>>;
}

/** Takes OTLP over HTTP in protobuf, as a collector does, and remembers the spans. */
export class OtlpCollector {
  readonly spans: ReceivedSpan[] = [];
  readonly heads: IncomingHttpHeaders[] = [];
  readonly paths: string[] = [];
  /** Everything that came, for looking for what must not be there. */
  raw = Buffer.alloc(0);

  private constructor(private readonly server: Server) {}

  static async start(): Promise<OtlpCollector> {
    const server = createServer();
    const collector = new OtlpCollector(server);
    server.on('request', (req, res) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        collector.#take(req.url ?? '', req.headers, Buffer.concat(chunks));
        res.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The spans whose request has that id, the request's own first. */
  ofRequest(id: string): ReceivedSpan[] {
    const own = this.spans.find((span) => span.attributes['responses_proxy.request.id'] === id);
    if (own === undefined) return [];
    return [own, ...this.spans.filter((span) => span.parentSpanId === own.spanId)];
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #take(path: string, headers: IncomingHttpHeaders, body: Buffer): void {
    this.paths.push(path);
    this.heads.push(headers);
    this.raw = Buffer.concat([this.raw, body]);
    for (const resourceSpans of bytesOf(body, 1)) {
      const [resource = Buffer.alloc(0)] = bytesOf(resourceSpans, 1);
      const about = attributesOf(resource, 1);
      for (const scope of bytesOf(resourceSpans, 2))
        this.spans.push(...bytesOf(scope, 2).map((span) => spanOf(span, about)));
    }
  }
}

function spanOf(span: Buffer, resource: ReceivedSpan['resource']): ReceivedSpan {
  const hex = (number: number): string => bytesOf(span, number)[0]?.toString('hex') ?? '';
  const [status = Buffer.alloc(0)] = bytesOf(span, 15);
  return {
    traceId: hex(1),
    spanId: hex(2),
    traceState: textOf(span, 3),
    parentSpanId: hex(4),
    name: textOf(span, 5),
    kind: numberOf(span, 6),
    startMs: numberOf(span, 7) / 1e6,
    endMs: numberOf(span, 8) / 1e6,
    attributes: attributesOf(span, 9),
    status: numberOf(status, 3),
    resource,
  };
}

function attributesOf(message: Buffer, number: number): Record<string, Value> {
  return Object.fromEntries(
    bytesOf(message, number).map((pair) => [textOf(pair, 1), valueOf(bytesOf(pair, 2)[0])]),
  );
}

function valueOf(message: Buffer | undefined): Value {
  const field = message === undefined ? undefined : fieldsOf(message)[0];
  if (field === undefined) return null;
  const { number, value } = field;
  if (!Buffer.isBuffer(value)) return number === 2 ? value === 1n : Number(value);
  if (number === 4) return value.readDoubleLE();
  if (number === 5) return bytesOf(value, 1).map(valueOf);
  return value.toString();
}
