import type { Logger } from 'pino';
import type { Balancer } from '../balancer/balancer.service.js';
import type { Clock } from '../common/clock.js';
import type { DrainState } from '../common/drain-state.js';
import type { OpenSockets } from '../common/open-sockets.js';
import type { AppConfig } from '../config/app-config.js';
import type { ModelDirectory } from '../registry/model-directory.service.js';
import type { ProxyDoor } from '../registry/proxy-door.service.js';
import type { UpstreamClient } from '../upstream/upstream-client.js';
import type { RequestTraces } from '../tracing/request-traces.js';
import type { CaptureRoom } from '../usage/capture-room.js';
import type { FinishedRecord } from '../usage/records.js';
import type { Spool } from '../usage/spool.js';
import type { KeyLimits } from './limits/key-limits.js';
import type { PriceList } from './price-list.js';

/** What the request path works with; handed over once, so that each part takes one argument instead of nine. */
export interface ProxyDependencies {
  readonly config: AppConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly balancer: Balancer;
  readonly upstream: UpstreamClient;
  readonly spool: Spool;
  readonly captureRoom: CaptureRoom;
  readonly metrics: { observe(record: FinishedRecord, transport: 'http' | 'websocket'): void };
  /** Null = nobody wants any. */
  readonly traces: RequestTraces | null;
  readonly drain: DrainState;
  readonly openSockets: OpenSockets;
  readonly instanceId: string;
  readonly prices: Pick<PriceList, 'costOf'>;
  readonly limits: Pick<KeyLimits, 'reserve' | 'ask' | 'take' | 'checkPrice' | 'settle' | 'giveBack'>;
  readonly door: Pick<ProxyDoor, 'admit' | 'enter' | 'checkKnown' | 'objection' | 'onChange'>;
  readonly models: Pick<ModelDirectory, 'pinOf' | 'find' | 'enabled'>;
}
