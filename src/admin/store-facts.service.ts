import { Inject, Injectable } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { diskFacts } from '../diagnosis/disk-facts.js';
import type { Facts, PeerView, SpoolFacts } from '../diagnosis/facts.js';
import { lastEnd } from '../diagnosis/last-end.js';
import { isOfContainer } from '../diagnosis/own-redis.js';
import { databaseFacts, settingsFacts } from '../diagnosis/settings-facts.js';
import { FleetWatch } from '../fleet/fleet-watch.service.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { PEERS, type Peer, type Peers } from '../state/peers.js';
import { SPOOL, type Spool } from '../usage/spool.js';

type StoreFacts = Pick<Facts, 'settings' | 'database' | 'redis' | 'fleet' | 'spool' | 'disk' | 'ends'>;

/** Where records live, how they get there, and who else uses the same stores. */
@Injectable()
export class StoreFactsService {
  constructor(
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    private readonly database: DatabaseService,
    @Inject(PEERS) private readonly peers: Peers,
    private readonly watch: FleetWatch,
    @Inject(SPOOL) private readonly spoolPort: Spool,
  ) {}

  async gather(): Promise<StoreFacts> {
    const { config, database, peers } = this;
    const { status, error, warnings } = peers.link;
    const [disk, end] = await Promise.all([diskFacts(config), lastEnd(config.dataDir)]);
    return {
      settings: settingsFacts(config),
      database: databaseFacts(config, database.ready, database.lastError),
      redis: { status, ofContainer: isOfContainer(config.redisUrl), error, warnings },
      fleet: {
        problems: this.watch.problems,
        replicas: this.#views('api'),
        workers: this.#views('worker'),
      },
      spool: this.#spool(),
      disk,
      ends: end === null ? [] : [end],
    };
  }

  #views(role: Peer['role']): PeerView[] {
    return this.peers
      .list()
      .filter((peer) => peer.role === role)
      .map(({ instanceId, version, host, lagMs }) => ({ instanceId, version, host, lagMs }));
  }

  #spool(): SpoolFacts {
    return { ...this.spoolPort.status(), maxBytes: this.config.spool.maxBytes };
  }
}
