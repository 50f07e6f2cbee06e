import type { JSX } from 'preact';
import { AuditPage } from './audit.js';
import { DecisionsPage } from './decisions.js';
import { DiagnosticsPage } from './diagnostics.js';
import { ExplainPage } from './explain.js';
import { KeysPage } from './keys.js';
import { ModelsPage } from './models.js';
import { OverviewPage } from './overview.js';
import { ProvidersPage } from './providers.js';
import { RequestsPage } from './requests.js';
import { SessionsPage } from './sessions.js';
import { UsagePage } from './usage.js';

export interface PageEntry {
  readonly title: string;
  readonly component: () => JSX.Element;
  readonly group: 'Traffic' | 'Registry' | 'Operation';
}

/** First segment of the path → page; in the order of the navigation. */
export const PAGES: ReadonlyMap<string, PageEntry> = new Map<string, PageEntry>([
  ['', { title: 'Overview', component: OverviewPage, group: 'Traffic' }],
  ['requests', { title: 'Requests', component: RequestsPage, group: 'Traffic' }],
  ['decisions', { title: 'Decisions', component: DecisionsPage, group: 'Traffic' }],
  ['sessions', { title: 'Sessions', component: SessionsPage, group: 'Traffic' }],
  ['usage', { title: 'Usage', component: UsagePage, group: 'Traffic' }],
  ['providers', { title: 'Providers', component: ProvidersPage, group: 'Registry' }],
  ['models', { title: 'Models', component: ModelsPage, group: 'Registry' }],
  ['keys', { title: 'Client keys', component: KeysPage, group: 'Registry' }],
  ['audit', { title: 'Audit', component: AuditPage, group: 'Operation' }],
  ['diagnostics', { title: 'Diagnostics', component: DiagnosticsPage, group: 'Operation' }],
  ['explain', { title: 'Explain a route', component: ExplainPage, group: 'Operation' }],
]);
