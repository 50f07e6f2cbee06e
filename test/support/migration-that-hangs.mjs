// Runs the built program's migrations and one more, which stops in the middle: the test ends this process there.
import { createDataSource, dataSourceOptions } from '../../dist/infra/database/data-source.js';
import { migrate } from '../../dist/infra/database/migrate.js';
import { MIGRATIONS } from '../../dist/infra/database/migrations.js';
import { preflightSqlite } from '../../dist/infra/database/sqlite-preflight.js';

const [kind, place] = process.argv.slice(2);

class Hangs1999999999999 {
  name = 'Hangs1999999999999';

  async up(runner) {
    await runner.query('ALTER TABLE "requests" ADD COLUMN "half" text');
    await runner.query('CREATE TABLE "half" ("id" text PRIMARY KEY)');
    process.send('half way');
    await new Promise(() => setInterval(() => undefined, 1_000));
  }

  async down() {}
}

MIGRATIONS.push(Hangs1999999999999);
const config =
  kind === 'sqlite'
    ? { kind, path: place, origin: 'test' }
    : { kind, url: { reveal: () => place }, origin: 'test' };
if (kind === 'sqlite') await preflightSqlite(place);
const dataSource = createDataSource(dataSourceOptions(config));
await dataSource.initialize();
await migrate(dataSource, config);
