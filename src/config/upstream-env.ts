import { isCidr, isHttpBaseUrl, isPoolChoice, isUrlPath } from './env-checks.js';
import { Choice, List, Seconds, Switch, Text, WholeNumber } from './env-variable.js';

/** Where requests go, how long they may take, and who serves the next turn. */
export class UpstreamEnv {
  @Text({
    default: 'https://api.openai.com/v1',
    accepted: 'an http or https URL without query, fragment or credentials',
    check: isHttpBaseUrl,
    address: true,
    meaning: 'Upstream of the keys above, with the base path.',
  })
  readonly PROXY_UPSTREAM_BASE_URL!: string;

  @List({
    accepted: 'a comma-separated list of networks such as 10.0.0.0/8',
    check: isCidr,
    meaning: 'Private networks a registered base URL may point to; it may then be plain http, too.',
  })
  readonly PROXY_UPSTREAM_ALLOW_CIDRS!: readonly string[];

  @Seconds({
    default: 600,
    meaning: 'One attempt from its start to its end; `upstream_total_timeout` after that.',
  })
  readonly PROXY_REQUEST_TIMEOUT_SECONDS!: number;

  @Seconds({ default: 5, meaning: 'Connecting to the upstream, TLS included; `upstream_connect_timeout`.' })
  readonly PROXY_CONNECT_TIMEOUT_SECONDS!: number;

  @Seconds({ default: 600, meaning: 'Waiting for the response head; `upstream_first_byte_timeout`.' })
  readonly PROXY_FIRST_BYTE_TIMEOUT_SECONDS!: number;

  @Seconds({
    default: 300,
    meaning: 'Silence in the middle of a response; `upstream_idle_timeout`.',
  })
  readonly PROXY_IDLE_TIMEOUT_SECONDS!: number;

  @WholeNumber({
    default: 4096,
    min: 1,
    max: 1_000_000,
    meaning: 'Most connections to one upstream origin.',
  })
  readonly PROXY_UPSTREAM_MAX_CONNECTIONS!: number;

  @WholeNumber({
    default: 65_536,
    min: 8192,
    max: 1_048_576,
    meaning: 'Largest response head accepted from the upstream, in bytes.',
  })
  readonly PROXY_UPSTREAM_MAX_HEADER_BYTES!: number;

  @Switch({
    default: true,
    meaning: 'Try another key after a complete 500, 502 or 504 answer; `off` passes it on.',
  })
  readonly PROXY_RETRY_5XX!: boolean;

  @Seconds({
    default: 2,
    min: 0,
    max: 60,
    meaning: 'How long a request waits for a key that is about to be free again; 0 refuses at once.',
  })
  readonly PROXY_WAIT_BUDGET_SECONDS!: number;

  @WholeNumber({
    default: 256,
    min: 0,
    max: 100_000,
    meaning: 'Most requests that wait so at once; beyond that the caller with most of them is refused.',
  })
  readonly PROXY_WAIT_MAX_REQUESTS!: number;

  @Choice({
    default: 'abort',
    of: ['abort', 'drain'],
    meaning: 'When the client has gone: `abort` the upstream, or `drain` it for its exact usage.',
  })
  readonly PROXY_ON_DISCONNECT!: 'abort' | 'drain';

  @List({
    accepted: 'a comma-separated list of pool=abort and pool=drain, each pool once',
    check: isPoolChoice,
    meaning:
      'The same for single pools, by the pool of the key that answers, such as `batch=drain,interactive=abort`.',
  })
  readonly PROXY_ON_DISCONNECT_POOLS!: readonly string[];

  @Seconds({ default: 30, min: 1, meaning: 'Time between two probes of one key, give or take a fifth.' })
  readonly PROXY_HEALTH_CHECK_INTERVAL_SECONDS!: number;

  @Seconds({ default: 10, meaning: 'How long a probe may take.' })
  readonly PROXY_HEALTH_CHECK_TIMEOUT_SECONDS!: number;

  @Text({
    default: '/models',
    accepted: 'a path beginning with /',
    check: isUrlPath,
    meaning: 'What a probe asks for, below the base URL.',
  })
  readonly PROXY_HEALTH_CHECK_PATH!: string;

  @Seconds({
    default: 86_400,
    min: 1,
    max: 31_536_000,
    meaning: 'How long a session prefers the key of its last turn.',
  })
  readonly PROXY_SESSION_AFFINITY_TTL_SECONDS!: number;

  @Seconds({
    default: 2_592_000,
    min: 1,
    max: 31_536_000,
    meaning: 'How long it is remembered which key owns a response, a conversation or sealed content.',
  })
  readonly PROXY_RESPONSE_AFFINITY_TTL_SECONDS!: number;

  @WholeNumber({
    default: 200_000,
    min: 100,
    max: 10_000_000,
    meaning: 'Most bindings of sessions and responses to keys in memory; the least used go first.',
  })
  readonly PROXY_AFFINITY_MAX_ENTRIES!: number;

  @Switch({
    default: false,
    meaning: 'Stored responses may be served by any key of the organisation that owns them.',
  })
  readonly PROXY_AFFINITY_SHARED_IN_ORGANIZATION!: boolean;
}
