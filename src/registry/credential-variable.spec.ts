import { describe, expect, it } from 'vitest';
import { ENV_SECTIONS } from '../config/env.js';
import { variableOf, variableProblem } from './credential-variable.js';

describe('the variable that a credential_ref names', () => {
  it.each([
    'TEAM_KEY',
    'env:',
    'env:1KEY',
    'env:A B',
    'env:A=B',
    'ENV:KEY',
    `env:${'A'.repeat(129)}`,
    'env:KEY\n',
  ])('is none in %j', (ref) => expect(variableOf(ref)).toBeNull());

  it.each([
    'TEAM_KEY',
    'AZURE_OPENAI_API_KEY',
    'OPENROUTER_API_KEY',
    'ANTHROPIC_API_KEY',
    'COMPASS_API_KEY',
    'PROXYLESS_API_KEY',
    'SECRETARY_API_KEY',
    'DATABRICKS_TOKEN',
    '_x1',
    'HF_TOKEN',
  ])('is given to a provider: %s', (name) => {
    expect(variableOf(`env:${name}`)).toBe(name);
    expect(variableProblem(name, [])).toBeNull();
  });

  it.each([
    'PROXY_ADMIN_TOKEN',
    'proxy_secret_encryption_key',
    'OPENAI_API_KEY_1',
    'DATABASE_URL',
    'SERVICE_DATABASE_URL',
    'PORT',
    'OTEL_EXPORTER_OTLP_HEADERS',
    'otel_resource_attributes',
    ...ENV_SECTIONS.flatMap(({ variables }) => variables.map(({ name }) => name)),
  ])('is this program’s own, whatever else is said: %s', (name) => {
    expect(variableProblem(name, [])).toContain('configures this proxy');
    expect(variableProblem(name, [name, 'P', 'O'])).toContain('configures this proxy');
  });

  it.each([
    'AWS_SECRET_ACCESS_KEY',
    'GITHUB_TOKEN',
    'GH_TOKEN',
    'NPM_TOKEN',
    'VAULT_TOKEN',
    'PGPASSWORD',
    'POSTGRES_PASSWORD',
    'REDIS_URL',
    'MAIL_PASSWORD',
    'SENTRY_DSN',
    'BILLING_DATABASE_URL',
    'GOOGLE_APPLICATION_CREDENTIALS',
    'AZURE_CLIENT_SECRET',
    'CI_JOB_TOKEN',
    'HOME',
    'PATH',
    'DB_PASS',
    'MAIL_PWD',
    'SSHKEY_PASSPHRASE',
    'SECRET',
    'OAUTH_CLIENT_SECRET',
    'SECRET_KEY',
    'APP_PRIVATE_KEY',
    'JWT_SECRET',
    'JWT_KEY',
    'APP_SESSION_KEY',
    'COOKIE_KEY',
    'WEBHOOK_TOKEN',
    'ACTIONS_RUNTIME_TOKEN',
    'STRIPE_API_KEY',
    'STRIPE_SECRET_KEY',
    'SLACK_BOT_TOKEN',
    'DISCORD_BOT_TOKEN',
    'HTTPS_PROXY',
    'no_proxy',
  ])('is something else’s, unless the operator says so: %s', (name) => {
    expect(variableProblem(name, [])).toContain('PROXY_CREDENTIAL_ENV_PREFIXES');
    expect(variableProblem(name, [name])).toBeNull();
  });

  it('begins as the operator says, and then no other is given', () => {
    expect(variableProblem('TEAM_A_KEY', ['LLM_', 'TEAM_'])).toBeNull();
    expect(variableProblem('OTHER_KEY', ['LLM_', 'TEAM_'])).toContain('begin with LLM_ or TEAM_');
  });
});
