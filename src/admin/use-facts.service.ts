import { Inject, Injectable } from '@nestjs/common';
import { setsHeap } from '../common/heap-flag.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import type { AccessFacts, Facts, ProviderFacts, TrafficFacts } from '../diagnosis/facts.js';
import { accessSettings } from '../diagnosis/settings-facts.js';
import { ProviderDirectory } from '../registry/provider-directory.service.js';
import { ProxyDoor } from '../registry/proxy-door.service.js';
import { LIVE_STATE, type DecisionRecord, type LiveState } from '../state/live-state.js';
import { DiagnosisReadModel } from '../usage/diagnosis.read-model.js';
import { AdminRefusals } from './admin-refusals.service.js';

/** As many as are remembered. */
const DECISIONS = 200;

/** Who uses the proxy, who is kept out, and what requests leave behind. */
@Injectable()
export class UseFactsService {
  constructor(
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    @Inject(LIVE_STATE) private readonly live: LiveState,
    private readonly directory: ProviderDirectory,
    private readonly door: ProxyDoor,
    private readonly refusals: AdminRefusals,
    private readonly history: DiagnosisReadModel,
  ) {}

  async gather(
    now: number,
    uptimeMs: number,
  ): Promise<Pick<Facts, 'providers' | 'access' | 'traffic' | 'history' | 'unsummed'>> {
    const decisions = this.live.recentDecisions(DECISIONS);
    // Each by itself: what takes too long hides nothing else. Of a database that is away another check speaks.
    const [history, unsummed] = await Promise.all([
      this.history.read(now).catch(() => null),
      this.history.unsummed(now).catch(() => null),
    ]);
    return {
      providers: this.#providers(decisions),
      access: this.#access(),
      traffic: this.#traffic(decisions, uptimeMs),
      history,
      unsummed,
    };
  }

  #providers(decisions: readonly DecisionRecord[]): ProviderFacts[] {
    return this.directory.all().map(({ provider, problem }) => ({
      id: provider.id,
      name: provider.name,
      poolId: provider.poolId,
      enabled: provider.enabled,
      problem,
      recentRequests: decisions.filter(({ resourceId }) => resourceId === provider.id).length,
    }));
  }

  #access(): AccessFacts {
    return {
      ...accessSettings(this.config),
      clientKeys: this.door.wantsKeys,
      refusals: this.refusals.all(),
    };
  }

  #traffic(decisions: readonly DecisionRecord[], uptimeMs: number): TrafficFacts {
    const pools = decisions.map(({ poolId }) => poolId);
    const { host, port } = this.config.server;
    return {
      uptimeMs,
      inFlight: this.live.localInFlight,
      lastRoutedAt: decisions[0]?.at ?? null,
      baseUrl: `http://${reachable(host)}:${port}`,
      // One request that asks for none reaches every pool.
      askedPools: pools.includes(null) ? [] : [...new Set(pools.filter((pool) => pool !== null))],
      smallHeapOf: setsHeap(process.execArgv) ? null : (process.argv[1] ?? null),
    };
  }
}

/** Listening everywhere includes loopback. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
