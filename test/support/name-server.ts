import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const TYPE_A = 1;

/** A DNS server that knows one name, as the engine's own does for the replicas of a service. */
export class NameServer {
  addresses: readonly string[] = [];
  readonly #socket: Socket = createSocket('udp4');

  static async start(): Promise<NameServer> {
    const server = new NameServer();
    server.#socket.on('message', (query, from) => {
      server.#socket.send(server.#answer(query), from.port, from.address);
    });
    server.#socket.bind(0, '127.0.0.1');
    await once(server.#socket, 'listening');
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  stop(): void {
    this.#socket.close();
  }

  /** RFC 1035, 4.1: the question again, then an address record for each replica; none for other types. */
  #answer(query: Buffer): Buffer {
    const end = query.indexOf(0, 12) + 5;
    const addresses = query.readUInt16BE(end - 4) === TYPE_A ? this.addresses : [];
    const head = Buffer.from(query.subarray(0, end));
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(addresses.length, 6);
    head.writeUInt32BE(0, 8);
    const records = addresses.map((address) =>
      Buffer.from([0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]),
    );
    return Buffer.concat([head, ...records]);
  }
}
