import type { Request } from 'express';
import type { AppConfig } from '../config/app-config.js';
import type { Author } from '../registry/registry.repository.js';

/** Who makes a change, as the guard has let it in: with the token where there is one, else from this machine. */
export function authorOf(req: Request, config: AppConfig): Author {
  return {
    actor: config.adminToken === null ? 'local' : 'admin_token',
    address: req.socket.remoteAddress ?? null,
  };
}
