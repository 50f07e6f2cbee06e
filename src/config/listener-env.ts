import { isHost, isProcessCount, MAX_PROCESSES } from './env-checks.js';
import { Seconds, Text, WholeNumber } from './env-variable.js';

/** Where the proxy listens, and what it accepts from clients. */
export class ListenerEnv {
  @WholeNumber({ default: 8000, min: 0, max: 65_535, meaning: 'Port to listen on; 0 takes any free one.' })
  readonly PORT!: number;

  @Text({
    default: '127.0.0.1',
    accepted: 'an IP address or a host name',
    check: isHost,
    meaning:
      'Address to listen on. `0.0.0.0` opens the proxy to other machines, which then need a credential.',
  })
  readonly HOST!: string;

  @Text({
    default: '1',
    accepted: `a whole number from 1 to ${MAX_PROCESSES}, or auto`,
    check: isProcessCount,
    meaning:
      'Processes that share the port, each a replica with limits and memory of its own; `auto` is one for each core. ' +
      'More than one need `PROXY_REDIS_URL`.',
  })
  readonly PROXY_PROCESSES!: string;

  @WholeNumber({
    default: 67_108_864,
    min: 1024,
    max: 1_073_741_824,
    meaning: 'Largest request body in bytes; a larger one is answered with 413.',
  })
  readonly PROXY_MAX_BODY_BYTES!: number;

  @WholeNumber({
    default: 536_870_912,
    min: 65_536,
    max: 68_719_476_736,
    meaning:
      'Most bytes of request bodies held at once, all requests together; beyond it new ones are answered with 503.',
  })
  readonly PROXY_MAX_BUFFERED_BYTES!: number;

  @WholeNumber({
    default: 200,
    min: 20,
    max: 2000,
    meaning: 'Most header fields in a request; more are answered with 431.',
  })
  readonly PROXY_MAX_HEADERS!: number;

  @WholeNumber({
    default: 65_536,
    min: 8192,
    max: 1_048_576,
    meaning: 'Largest request head in bytes; a larger one is answered with 431.',
  })
  readonly PROXY_MAX_HEADER_BYTES!: number;

  @Seconds({ default: 10, meaning: 'How long a client may take to send the request head.' })
  readonly PROXY_HEADERS_TIMEOUT_SECONDS!: number;

  @Seconds({ default: 15, meaning: 'How long a client may pause while sending a request body.' })
  readonly PROXY_BODY_IDLE_TIMEOUT_SECONDS!: number;

  @Seconds({ default: 300, meaning: 'How long a client may take over a whole request body.' })
  readonly PROXY_BODY_TIMEOUT_SECONDS!: number;

  @Seconds({ default: 65, meaning: 'How long an idle client connection is kept open.' })
  readonly PROXY_KEEP_ALIVE_TIMEOUT_SECONDS!: number;

  @Seconds({ default: 300, meaning: 'A client that reads nothing of its answer for this long is cut off.' })
  readonly PROXY_CLIENT_STALL_TIMEOUT_SECONDS!: number;

  @WholeNumber({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    meaning: 'Most client connections open at once.',
  })
  readonly PROXY_MAX_CONNECTIONS!: number;

  @Seconds({
    default: 0,
    min: 0,
    meaning:
      'How long requests are still accepted after SIGTERM, while `/readyz` already says no: time for a load balancer to notice.',
  })
  readonly PROXY_DRAIN_DELAY_SECONDS!: number;

  @Seconds({
    default: 60,
    min: 0,
    meaning: 'How long running requests may go on after SIGTERM before they are cut.',
  })
  readonly PROXY_DRAIN_TIMEOUT_SECONDS!: number;
}
