import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import type { ProxyError } from '../common/errors.js';
import { CLOCK } from '../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';

export interface AdminRefusal {
  readonly what: 'unauthorized' | 'inline_key';
  readonly count: number;
  readonly lastAt: number;
  /** What the last one was told. */
  readonly message: string;
}

/** Who knocked in vain since the start: the doctor tells the operator, who may not be the one that knocked. */
@Injectable()
export class AdminRefusals {
  readonly #seen = new Map<AdminRefusal['what'], AdminRefusal>();

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  /** `signIn`: the dashboard has asked, without a token, whether one is wanted. Where one is set, nobody is in trouble. */
  note(error: ProxyError, signIn: boolean): void {
    const what = kindOf(error);
    if (what === null || (signIn && this.config.adminToken !== null)) return;
    const count = (this.#seen.get(what)?.count ?? 0) + 1;
    this.#seen.set(what, { what, count, lastAt: this.clock.now(), message: error.message });
  }

  all(): AdminRefusal[] {
    return [...this.#seen.values()];
  }
}

function kindOf({ code, options }: ProxyError): AdminRefusal['what'] | null {
  if (code === 'unauthorized' || code === 'too_many_attempts') return 'unauthorized';
  return code === 'invalid_parameter' && options.param === 'api_key' ? 'inline_key' : null;
}
