import { ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { ProxyError } from '../common/errors.js';

/** Unknown fields are refused, not ignored: a misspelt filter would otherwise answer with everything. */
export class StrictValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      // A route without parameters has a class without rules, and that is a rule too: nothing is allowed.
      forbidUnknownValues: false,
      stopAtFirstError: true,
      exceptionFactory: toInvalidParameter,
    });
  }

  /** class-transformer drops `__proto__` and `constructor` in silence, before anything could refuse them. */
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type !== 'param' && typeof value === 'object' && value !== null) {
      const inherited = Object.keys(value).find((name) => name in Object.prototype);
      if (inherited !== undefined) throw unknownParameter(inherited);
    }
    return super.transform(value, metadata);
  }
}

function toInvalidParameter(errors: ValidationError[]): ProxyError {
  const first = errors[0];
  const param = first?.property ?? 'body';
  const constraints = first?.constraints ?? {};
  if ('whitelistValidation' in constraints) return unknownParameter(param);
  return new ProxyError('invalid_parameter', Object.values(constraints)[0] ?? `${param} is not valid.`, {
    param,
  });
}

function unknownParameter(param: string): ProxyError {
  const message = `There is no parameter "${param.slice(0, 64)}" here; GET /docs lists the known ones.`;
  return new ProxyError('invalid_parameter', message, { param });
}
