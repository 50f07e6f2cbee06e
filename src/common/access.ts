import { SetMetadata } from '@nestjs/common';

/** Who may call a route: anybody, whoever may read telemetry, or the operator. No declaration = nobody. */
export type AccessPolicy = 'public' | 'telemetry' | 'admin';

/** Metadata key under which the guard finds the policy. */
export const ACCESS_KEY = 'access';

export const Access = (policy: AccessPolicy) => SetMetadata(ACCESS_KEY, policy);
