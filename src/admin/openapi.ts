import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ERRORS } from '../common/errors.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { proxyPaths, proxySchemas } from './openapi-proxy-routes.js';

const DESCRIPTION = `One address in front of many OpenAI keys. \`/v1\` is the OpenAI Responses API, passed through byte for
byte; everything below \`/admin\` reads what the proxy knows and has recorded.

Errors of the proxy's own have OpenAI's shape with a stable \`code\`:

| Code | Status |
|---|---|
${Object.entries(ERRORS)
  .map(([code, spec]) => `| \`${code}\` | ${spec.status} |`)
  .join('\n')}
`;

/** Every route of the app, and those of the hot path, which Nest does not know, described by hand. */
export function buildOpenApiDocument(app: INestApplication): OpenAPIObject {
  const config = app.get<AppConfig>(APP_CONFIG);
  const base = new DocumentBuilder()
    .setTitle('Responses Proxy')
    .setDescription(DESCRIPTION)
    .setVersion(config.version)
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'PROXY_ADMIN_TOKEN, when it is set' })
    .build();
  const document = SwaggerModule.createDocument(app, base);
  document.components = {
    ...document.components,
    schemas: { ...proxySchemas(), ...document.components?.schemas },
  };
  document.paths = { ...proxyPaths(), ...document.paths };
  return document;
}
