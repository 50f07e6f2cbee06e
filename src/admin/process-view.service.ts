import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { CLOCK, INSTANCE_ID } from '../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { ProxyDoor } from '../registry/proxy-door.service.js';
import { SPOOL, type Spool, type SpoolStatus } from '../usage/spool.js';
import type { AdminStateDto, DatabaseStateDto, SpoolStateDto } from './dto/admin-state.dto.js';

/** This process: who it is, how long it runs, and how its records fare. */
@Injectable()
export class ProcessViewService {
  readonly #startedAt: number;

  constructor(
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    @Inject(INSTANCE_ID) readonly instanceId: string,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SPOOL) private readonly spoolPort: Spool,
    private readonly db: DatabaseService,
    private readonly door: ProxyDoor,
  ) {
    this.#startedAt = clock.monotonic();
  }

  get version(): string {
    return this.config.version;
  }

  uptimeSeconds(): number {
    return Math.floor((this.clock.monotonic() - this.#startedAt) / 1000);
  }

  spool(): SpoolStateDto {
    const status = this.spoolPort.status();
    return {
      pending: status.pending,
      bytes: status.bytes,
      oldest_at: status.oldestAt,
      shed_bodies: status.shedBodies,
      shed_records: status.shedRecords,
      torn_records: status.tornRecords,
      writable: status.writable,
      capture_degraded: status.degraded,
      drain_error: status.drainError,
    };
  }

  /** Since start, by kind of record. */
  shed(): SpoolStatus['shed'] {
    return this.spoolPort.status().shed;
  }

  clientAccess(): AdminStateDto['client_access'] {
    if (this.door.wantsKeys === true) return 'key';
    return this.config.anonymousAccess.has('proxy') ? 'anyone' : 'loopback';
  }

  database(): DatabaseStateDto {
    return { ready: this.db.ready, kind: this.config.database.kind, error: this.db.lastError };
  }
}
