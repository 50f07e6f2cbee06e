import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

export interface LinkFault {
  /** Holds every byte back this long, both ways. */
  readonly delayMs?: number;
  /** Resets the connection once this many bytes went to the target. */
  readonly resetAfterUp?: number;
  /** Resets it once this many bytes came back. */
  readonly resetAfterDown?: number;
  /** Ends it properly (FIN) once this many bytes came back. */
  readonly endAfterDown?: number;
  /** Accepts and then moves nothing. */
  readonly frozen?: boolean;
  /** Resets the connection as soon as these bytes have gone to the target: what it did with them nobody hears. */
  readonly resetOnUp?: string;
  /** Connections that carry something now lose it, and everything after it, without ever being told. */
  readonly blackHole?: boolean;
  /** Answers with these bytes instead of asking the target. */
  readonly garbage?: string;
}

/** A small TCP relay between two real parties that can be told to spoil the connection. */
export class FaultProxy {
  fault: LinkFault = {};
  readonly connections: { readonly at: number; up: number; down: number }[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(private readonly target: { readonly host: string; readonly port: number }) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#relay(socket));
  }

  static async start(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Breaks what is open now; new connections work as `fault` says. */
  resetAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #relay(client: Socket): void {
    const count = { at: Date.now(), up: 0, down: 0 };
    this.connections.push(count);
    this.#keep(client);
    if (this.fault.garbage !== undefined) return void client.end(this.fault.garbage);
    if (this.fault.frozen) return void client.pause();
    const target = connect({ ...this.target, allowHalfOpen: true });
    this.#keep(target);
    const reset = (): void => {
      client.resetAndDestroy();
      target.resetAndDestroy();
    };
    this.#pump(client, target, (chunk) => {
      count.up += chunk.length;
      if (count.up >= (this.fault.resetAfterUp ?? Infinity)) reset();
      // The target must read it before it learns that the connection is gone.
      if (this.fault.resetOnUp !== undefined && chunk.includes(this.fault.resetOnUp)) setTimeout(reset, 20);
    });
    this.#pump(target, client, (chunk) => {
      count.down += chunk.length;
      if (count.down >= (this.fault.resetAfterDown ?? Infinity)) reset();
      if (count.down >= (this.fault.endAfterDown ?? Infinity)) client.end();
    });
  }

  #pump(from: Socket, to: Socket, counted: (chunk: Buffer) => void): void {
    let lost = false;
    from.on('data', (chunk: Buffer) => {
      lost ||= this.fault.blackHole === true;
      if (lost) return;
      const pass = (): void => {
        if (to.destroyed) return;
        if (!to.write(chunk)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
        counted(chunk);
      };
      if (this.fault.delayMs) setTimeout(pass, this.fault.delayMs);
      else pass();
    });
    from.on('end', () => setTimeout(() => to.end(), this.fault.delayMs ?? 0));
    from.on('close', () => to.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
