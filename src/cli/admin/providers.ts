import { EXIT } from '../exit-code.js';
import { adminCommand, COMMON_HELP } from './command.js';
import { words } from './format.js';
import { print } from './print.js';
import type { ProviderRow } from './rows.js';
import type { Column } from './table.js';

const HELP = `Usage: responses-proxy providers

Registered providers, whether requests go there, and why not. They are changed at /admin/providers (see /docs).

${COMMON_HELP}`;

const COLUMNS: readonly Column<ProviderRow>[] = [
  { title: 'provider', value: (row) => row.id },
  { title: 'name', max: 32, value: (row) => row.name },
  { title: 'base url', max: 60, value: (row) => row.base_url },
  { title: 'pool', value: (row) => words(row.pool_id) },
  { title: 'enabled', value: (row) => (row.enabled ? 'yes' : 'no') },
  { title: 'traffic', value: (row) => (row.routing.active ? 'yes' : 'no') },
  { title: 'why not', max: 160, value: (row) => row.routing.reason ?? '' },
];

export const providersCommand = adminCommand({
  help: HELP,
  words: 0,
  options: {},
  async run({ admin, json }) {
    const { providers } = await admin.get<{ providers: ProviderRow[] }>('/admin/providers');
    print(providers, COLUMNS, { json, none: 'No provider is registered.' });
    return EXIT.ok;
  },
});
