import { ValidationPipe, type ValidationError } from '@nestjs/common';
import { ProxyError } from '../common/errors.js';

/** Unknown fields are refused, not ignored: a misspelt filter would otherwise answer with everything. */
export function createValidationPipe(): ValidationPipe {
  return new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    // A route without parameters has a class without rules, and that is a rule too: nothing is allowed.
    forbidUnknownValues: false,
    stopAtFirstError: true,
    exceptionFactory: toInvalidParameter,
  });
}

function toInvalidParameter(errors: ValidationError[]): ProxyError {
  const first = errors[0];
  const param = first?.property ?? 'body';
  const constraints = first?.constraints ?? {};
  const message =
    'whitelistValidation' in constraints
      ? `There is no parameter "${param.slice(0, 64)}" here; GET /docs lists the known ones.`
      : (Object.values(constraints)[0] ?? `${param} is not valid.`);
  return new ProxyError('invalid_parameter', message, { param });
}
