import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { ProxyError } from '../common/errors.js';
import { CLOCK } from '../common/tokens.js';
import { ClientKeysService } from '../registry/client-keys.service.js';
import { RegistryRepository } from '../registry/registry.repository.js';
import { KeyUsageReadModel } from '../usage/key-usage.read-model.js';
import { type ClientKeyStateDto, toClientKeyDto } from './dto/client-key.dto.js';

interface Known {
  readonly use: Awaited<ReturnType<KeyUsageReadModel['current']>>;
  readonly lastUsed: ReadonlyMap<string, number | null>;
}

const NOTHING = { requests: 0, tokens: 0, cost_usd: 0, unpriced_requests: 0 };

/** Client keys with what they have used. */
@Injectable()
export class KeyUseView {
  constructor(
    private readonly keys: ClientKeysService,
    private readonly registry: RegistryRepository,
    private readonly history: KeyUsageReadModel,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async list(): Promise<ClientKeyStateDto[]> {
    const known = await this.#known();
    return this.keys.list().map((row) => {
      const lastUsedAt = known?.lastUsed.get(row.id) ?? row.lastUsedAt;
      const today = known === null ? null : (known.use.day.get(row.id) ?? NOTHING);
      const thisMonth = known === null ? null : (known.use.month.get(row.id) ?? NOTHING);
      return Object.assign(toClientKeyDto(row), { last_used_at: lastUsedAt, today, this_month: thisMonth });
    });
  }

  /** Null while SQL is away: which keys there are is known all the same. */
  async #known(): Promise<Known | null> {
    try {
      const [use, lastUsed] = await Promise.all([
        this.history.current(this.clock.now()),
        this.registry.lastUsed(),
      ]);
      return { use, lastUsed };
    } catch (e: unknown) {
      if (e instanceof ProxyError && e.code === 'database_unavailable') return null;
      throw e;
    }
  }
}
