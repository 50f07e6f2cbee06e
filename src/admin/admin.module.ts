import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { BalancerModule } from '../balancer/balancer.module.js';
import { FleetModule } from '../fleet/fleet.module.js';
import { HealthModule } from '../health/health.module.js';
import { ResourcesModule } from '../resources/resources.module.js';
import { StateModule } from '../state/state.module.js';
import { UpstreamModule } from '../upstream/upstream.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { AccessCheck } from './access-check.service.js';
import { AccessGuard } from './access.guard.js';
import { AdminRefusals } from './admin-refusals.service.js';
import { AuditController } from './audit.controller.js';
import { CallerNames } from './caller-names.service.js';
import { ClientKeysController } from './client-keys.controller.js';
import { DiagnosticsController } from './diagnostics.controller.js';
import { DiagnosticsService } from './diagnostics.service.js';
import { DocsFiles } from './docs-files.service.js';
import { DocsController } from './docs.controller.js';
import { ErrorFilter } from './error.filter.js';
import { ExportController } from './export.controller.js';
import { FleetViewService } from './fleet-view.service.js';
import { GaugesService } from './gauges.service.js';
import { GuideFiles } from './guide-files.service.js';
import { HealthCheckController } from './health-check.controller.js';
import { HistoryController } from './history.controller.js';
import { KeyFactsService } from './key-facts.service.js';
import { KeyUseView } from './key-use-view.service.js';
import { ImaginedRouteService } from './imagined-route.service.js';
import { LiveEventsService } from './live-events.service.js';
import { MetricsController } from './metrics.controller.js';
import { ModelRoutingService } from './model-routing.service.js';
import { ModelTrialService } from './model-trial.service.js';
import { ModelsController } from './models.controller.js';
import { OpenApiSource } from './openapi.source.js';
import { ProcessViewService } from './process-view.service.js';
import { ReplicaFacts } from './replica-facts.service.js';
import { ProviderRoutingService } from './provider-routing.service.js';
import { ResourceStandingService } from './resource-standing.service.js';
import { ProviderTrialService } from './provider-trial.service.js';
import { ProvidersController } from './providers.controller.js';
import { RegistryTrialsController } from './registry-trials.controller.js';
import { RequestsController } from './requests.controller.js';
import { ResourceProbeController } from './resource-probe.controller.js';
import { ResourceViewService } from './resource-view.service.js';
import { RouteExplainController } from './route-explain.controller.js';
import { SeriesController } from './series.controller.js';
import { StateViewService } from './state-view.service.js';
import { StateController } from './state.controller.js';
import { StoreFactsService } from './store-facts.service.js';
import { StrictValidationPipe } from './strict-validation.pipe.js';
import { UnsummedGauge } from './unsummed-gauge.service.js';
import { UseFactsService } from './use-facts.service.js';

/** What operators read and do, and the gate, the pipe and the filter of every Nest route. */
@Module({
  imports: [
    BalancerModule,
    FleetModule,
    HealthModule,
    RegistryModule,
    ResourcesModule,
    StateModule,
    UpstreamModule,
    UsageModule,
  ],
  controllers: [
    StateController,
    RequestsController,
    HistoryController,
    SeriesController,
    ExportController,
    HealthCheckController,
    ResourceProbeController,
    RouteExplainController,
    DiagnosticsController,
    ClientKeysController,
    AuditController,
    RegistryTrialsController,
    ProvidersController,
    ModelsController,
    MetricsController,
    DocsController,
  ],
  providers: [
    ImaginedRouteService,
    AccessCheck,
    AdminRefusals,
    CallerNames,
    KeyFactsService,
    StoreFactsService,
    UseFactsService,
    DiagnosticsService,
    ProviderRoutingService,
    ResourceStandingService,
    ModelRoutingService,
    ProviderTrialService,
    ModelTrialService,
    { provide: APP_GUARD, useClass: AccessGuard },
    { provide: APP_FILTER, useClass: ErrorFilter },
    { provide: APP_PIPE, useClass: StrictValidationPipe },
    ResourceViewService,
    KeyUseView,
    ProcessViewService,
    FleetViewService,
    ReplicaFacts,
    StateViewService,
    LiveEventsService,
    GaugesService,
    UnsummedGauge,
    OpenApiSource,
    DocsFiles,
    GuideFiles,
  ],
})
export class AdminModule {}
