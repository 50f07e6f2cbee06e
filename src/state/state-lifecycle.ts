import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { PEERS, type Peers } from './peers.js';
import { RedisPeers } from './redis-peers.js';

/** The start waits no longer for Redis; one that comes later is joined then. */
const PATIENCE_MS = 1_000;

/** When this process joins the others, and when it leaves them. */
@Injectable()
export class StateLifecycle implements OnModuleInit, OnApplicationShutdown {
  constructor(@Inject(PEERS) private readonly peers: Peers) {}

  async onModuleInit(): Promise<void> {
    if (!(this.peers instanceof RedisPeers)) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
    await Promise.race([this.peers.start(), patience]);
    clearTimeout(timer);
  }

  /** Streams have ended by now, and no other part needs the others any more. */
  async onApplicationShutdown(): Promise<void> {
    if (this.peers instanceof RedisPeers) await this.peers.stop();
  }
}
