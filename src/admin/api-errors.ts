import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { ERRORS, ProxyError, type ErrorCode } from '../common/errors.js';

export const ERROR_SCHEMA_REF = '#/components/schemas/Error';

/** What each code says in the document's examples. */
const MESSAGES: Partial<Record<ErrorCode, string>> = {
  unauthorized: 'PROXY_ADMIN_TOKEN is configured and the request did not include the bearer token.',
  invalid_parameter: 'limit must be a whole number from 1 to 500.',
  not_found: 'There is no such record.',
  database_unavailable: 'History cannot be read right now; traffic is not affected.',
  no_available_resources: 'No key is configured: set OPENAI_API_KEY and restart.',
  too_many_attempts: 'Too many wrong tokens from this address; wait a minute.',
};

export interface ErrorResponse {
  readonly status: number;
  readonly description: string;
  readonly content: Record<
    string,
    { schema: { $ref: string }; examples: Record<string, { value: unknown }> }
  >;
}

/** The codes grouped by their status, as the document wants them. */
export function errorResponses(codes: readonly ErrorCode[]): ErrorResponse[] {
  const statuses = [...new Set(codes.map((code) => ERRORS[code].status))].toSorted((a, b) => a - b);
  return statuses.map((status) => {
    const own = codes.filter((code) => ERRORS[code].status === status);
    const examples = Object.fromEntries(
      own.map((code) => [code, { value: new ProxyError(code, MESSAGES[code] ?? describe(code)).toBody() }]),
    );
    return {
      status,
      description: own.map((code) => `\`${code}\``).join(', '),
      content: { 'application/json': { schema: { $ref: ERROR_SCHEMA_REF }, examples } },
    };
  });
}

/** Documents the errors a route may answer with. */
export const ApiErrors = (...codes: ErrorCode[]): MethodDecorator & ClassDecorator =>
  applyDecorators(...errorResponses(codes).map((response) => ApiResponse(response)));

function describe(code: ErrorCode): string {
  return `${code.charAt(0).toUpperCase()}${code.slice(1).replaceAll('_', ' ')}.`;
}
