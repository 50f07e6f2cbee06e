import { SetMetadata, type CustomDecorator } from '@nestjs/common';

/** Who may call a route: everybody, whoever may read telemetry, or whoever administers the proxy. */
export type AccessPolicy = 'public' | 'telemetry' | 'admin';

export const ACCESS_KEY = 'access';

/** Declares a route's policy. The global guard answers 500 on routes without one, and a test fails on them. */
export const Access = (policy: AccessPolicy): CustomDecorator => SetMetadata(ACCESS_KEY, policy);
