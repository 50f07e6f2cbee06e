/** Who hears about one call. Each is called on the socket's own turn of the loop and must not throw. */
export interface UpstreamSink {
  /** Final head (never a 1xx). `raw` is flat: name, value, name, value. Answer false to pause before the body. */
  onHead(status: number, raw: readonly Buffer[]): boolean;
  /** Answer false to pause until `resume()`. */
  onChunk(chunk: Buffer): boolean;
  onEnd(): void;
  /** `sent`: the whole request had been handed to the socket, so the upstream may have processed it. */
  onError(error: unknown, sent: boolean): void;
}

const noop = (): void => undefined;

/**
 * One request on its way. Written against undici's callback interface (not its streams): it is the one that hands over
 * raw header buffers, says when the request has been written, and costs 1.4 to 2 times less CPU.
 */
export class UpstreamCall {
  #abortSocket: ((error?: Error) => void) | null = null;
  #resumeSocket: () => void = noop;
  #settled = false;
  #sent = false;
  #connected = false;
  #bytesSent = 0;

  constructor(private readonly sink: UpstreamSink) {}

  get sent(): boolean {
    return this.#sent;
  }

  /** It has a connection: something of it may have left. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Of the body, handed to the socket. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** Destroys the socket under the call; nothing is heard of it afterwards. */
  abort(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#abortSocket?.(new Error('aborted by the proxy'));
  }

  resume(): void {
    if (!this.#settled) this.#resumeSocket();
  }

  /** For refusals before undici took the request. */
  fail(error: unknown): void {
    this.onError(error);
  }

  onConnect(abort: (error?: Error) => void): void {
    this.#connected = true;
    // Given up while the connection was still being made: undici has the request queued and asks now.
    if (this.#settled) abort(new Error('aborted by the proxy'));
    else this.#abortSocket = abort;
  }

  /** undici's types say that it tells a length; it hands over the piece. */
  onBodySent(chunk: unknown): void {
    if (Buffer.isBuffer(chunk)) this.#bytesSent += chunk.length;
  }

  onRequestSent(): void {
    this.#sent = true;
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void): boolean {
    if (status < 200) return true;
    this.#resumeSocket = resume;
    return this.#settled ? false : this.sink.onHead(status, raw);
  }

  onData(chunk: Buffer): boolean {
    return this.#settled ? false : this.sink.onChunk(chunk);
  }

  onComplete(): void {
    if (this.#settled) return;
    this.#settled = true;
    this.sink.onEnd();
  }

  onError(error: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    this.sink.onError(error, this.#sent);
  }
}
