import { Test } from '@nestjs/testing';
import { TerminusModule } from '@nestjs/terminus';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { afterEach, describe, expect, it } from 'vitest';
import { answered, routingWorld, type WorldKey } from '../../test/support/routing-world.js';
import { DrainState } from '../common/drain-state.js';
import { APP_CONFIG } from '../config/app-config.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { ResourceRegistry } from '../resources/resource-registry.service.js';
import { DatabaseIndicator } from './database.indicator.js';
import { DrainIndicator } from './drain.indicator.js';
import { FleetWatch } from '../fleet/fleet-watch.service.js';
import { FleetIndicator } from './fleet.indicator.js';
import { HealthController } from './health.controller.js';
import { RecordsIndicator } from './records.indicator.js';
import { HEALTH_VIEW } from './resource-health.js';
import { RedisIndicator } from './redis.indicator.js';
import { PEERS, type PeerLink } from '../state/peers.js';
import { ResourcesIndicator } from './resources.indicator.js';
import { SPOOL } from '../usage/spool.js';

describe('health routes', () => {
  let app: NestExpressApplication | undefined;
  afterEach(() => app?.close());

  async function start(keys: readonly WorldKey[]) {
    const world = routingWorld(keys);
    const database = { ready: true, dialect: 'postgres', lastError: null as string | null };
    const drain = new DrainState();
    const peers: { link: Pick<PeerLink, 'status' | 'warnings'> } = {
      link: { status: 'alone', warnings: [] },
    };
    const capture = { strict: false };
    const spool = { keepsRequests: true, degraded: false };
    const fleet = { problems: [] as { code: string; message: string }[] };
    const module = await Test.createTestingModule({
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController],
      providers: [
        ResourcesIndicator,
        DatabaseIndicator,
        RedisIndicator,
        RecordsIndicator,
        DrainIndicator,
        FleetIndicator,
        { provide: FleetWatch, useValue: fleet },
        { provide: ResourceRegistry, useValue: world.registry },
        { provide: HEALTH_VIEW, useValue: world.health },
        { provide: DatabaseService, useValue: database },
        { provide: DrainState, useValue: drain },
        { provide: PEERS, useValue: peers },
        { provide: APP_CONFIG, useValue: { capture } },
        { provide: SPOOL, useValue: { status: () => spool } },
      ],
    }).compile();
    app = module.createNestApplication<NestExpressApplication>({ logger: false });
    await app.listen(0, '127.0.0.1');
    const base = await app.getUrl();
    const get = async (path: string) => {
      const response = await fetch(base + path);
      return { code: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    return { ...world, database, drain, peers, fleet, capture, spool, get };
  }

  it('is ready with a key, a database and no intention to stop', async () => {
    const { get } = await start([{ key: 'a' }]);
    expect(await get('/healthz')).toEqual({ code: 200, body: { status: 'ok' } });
    expect(await get('/readyz')).toMatchObject({
      code: 200,
      body: { status: 'ready', details: { resources: { status: 'up' }, database: { status: 'up' } } },
    });
  });

  it('names what is wrong without repeating the driver, and lives all the same', async () => {
    const { get, database, drain } = await start([]);
    database.ready = false;
    database.lastError = 'connect ECONNREFUSED db.internal';
    drain.begin();
    const { code, body } = await get('/readyz');
    expect([code, body.status]).toEqual([503, 'not_ready']);
    const text = JSON.stringify(body.error);
    for (const part of ['OPENAI_API_KEY', 'Postgres cannot be reached', '/admin/state', 'draining'])
      expect(text).toContain(part);
    expect(text).not.toMatch(/ECONNREFUSED|db\.internal/);
    expect(await get('/healthz')).toEqual({ code: 200, body: { status: 'ok' } });
  });

  it('is degraded but ready without the Redis it is configured to use', async () => {
    const { get, peers } = await start([{ key: 'a' }]);
    expect((await get('/readyz')).body.details).not.toHaveProperty('redis');
    peers.link = { status: 'up', warnings: [] };
    expect(await get('/readyz')).toMatchObject({
      code: 200,
      body: { details: { redis: { degraded: false } } },
    });
    peers.link = { status: 'away', warnings: [] };
    expect(await get('/readyz')).toMatchObject({
      code: 200,
      body: { status: 'ready', details: { redis: { status: 'up', degraded: true } } },
    });
  });

  it('is ready while requests cannot be recorded, unless those are to be refused', async () => {
    const { get, capture, spool } = await start([{ key: 'a' }]);
    Object.assign(spool, { keepsRequests: false, degraded: true });
    expect(await get('/readyz')).toMatchObject({
      code: 200,
      body: { details: { records: { status: 'up', capture_degraded: true } } },
    });
    capture.strict = true;
    const { code, body } = await get('/readyz');
    expect([code, Object.keys(body.error as object)]).toEqual([503, ['records']]);
  });

  it('tells that processes do not fit together, without their names, and is ready', async () => {
    const { get, fleet } = await start([{ key: 'a' }]);
    fleet.problems.push({ code: 'other_database', message: 'worker inst_1 on host-1 …' });
    const { code, body } = await get('/readyz');
    expect([code, body.status]).toEqual([200, 'ready']);
    expect(body).toMatchObject({ details: { fleet: { status: 'up', problems: ['other_database'] } } });
    expect(JSON.stringify(body)).not.toContain('host-1');
  });

  it('is degraded but ready when every resource is unhealthy', async () => {
    const { get, fail } = await start([{ key: 'a' }]);
    fail('openai-1', answered(401));
    expect(await get('/readyz')).toMatchObject({
      code: 200,
      body: { status: 'ready', details: { resources: { degraded: true, unhealthy: 1 } } },
    });
  });
});
