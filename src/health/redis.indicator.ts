import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { PEERS, type Peers } from '../state/peers.js';

/**
 * Never down: without Redis each replica goes on alone, and taking them all out of service would make an outage of it.
 * For everybody, so that it says neither where Redis is nor what it answered; `/admin/state` does.
 */
@Injectable()
export class RedisIndicator {
  constructor(
    @Inject(PEERS) private readonly peers: Peers,
    private readonly indicators: HealthIndicatorService,
  ) {}

  /** Empty where no Redis is configured. */
  check(): HealthIndicatorResult {
    const { status, warnings } = this.peers.link;
    if (status === 'alone') return {};
    const indicator = this.indicators.check('redis');
    if (status === 'up') return indicator.up({ degraded: false, warnings: warnings.length });
    return indicator.up({
      degraded: true,
      message: 'Redis is away; this process goes on alone. See the log',
    });
  }
}
