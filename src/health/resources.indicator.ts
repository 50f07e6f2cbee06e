import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { ResourceRegistry } from '../resources/resource-registry.service.js';
import { HEALTH_VIEW, type HealthView } from './resource-health.js';

/**
 * Down only when there is no key at all. With every key unhealthy the process is degraded and still ready: another
 * replica would fare no better, and a restart would forget why.
 */
@Injectable()
export class ResourcesIndicator {
  constructor(
    private readonly registry: ResourceRegistry,
    @Inject(HEALTH_VIEW) private readonly health: HealthView,
    private readonly indicators: HealthIndicatorService,
  ) {}

  check(): HealthIndicatorResult {
    const indicator = this.indicators.check('resources');
    const { resources } = this.registry.snapshot;
    if (resources.length === 0)
      return indicator.down({
        message:
          'No OpenAI key is configured. Set OPENAI_API_KEY, OPENAI_API_KEYS or OPENAI_API_KEY_1 and restart',
      });
    const unhealthy = resources.filter(({ id }) => this.health.of(id).status === 'unhealthy').length;
    const degraded = unhealthy === resources.length;
    const counts = { configured: resources.length, unhealthy, degraded };
    if (degraded) return indicator.up({ ...counts, message: 'Every resource is unhealthy' });
    return indicator.up(counts);
  }
}
