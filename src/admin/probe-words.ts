import type { ProbeResult } from '../health/prober.service.js';

export interface ProbeWords {
  readonly message: string;
  /** Null = nothing is to be done. */
  readonly fix: string | null;
}

/** What a probe of one key says, to the person who asked for it. */
export function probeWords({ resource_id: id, status_code: status, ...rest }: ProbeResult): ProbeWords {
  const { error, latency_ms: ms, health } = rest;
  if (status === null)
    return {
      message: `${id} did not answer: ${error ?? 'nobody knows why'}.`,
      fix: 'Check that its base URL can be reached from this machine, firewalls and proxies between included.',
    };
  const said = error === null ? '' : ` It says: ${error}`;
  const answered = `${id} answered ${status} in ${Math.round(ms)} ms`;
  if (status >= 200 && status < 300)
    return { message: `${answered}: its key is accepted.${stillOut(health)}`, fix: null };
  return { message: `${answered}: ${meaning(status)}.${said}`, fix: fixOf(status) };
}

/** Listing models exercises neither quota nor the right to generate. */
function stillOut({ status, reason }: ProbeResult['health']): string {
  if (status !== 'unhealthy') return '';
  return ` It stays unhealthy (${reason}), which a probe cannot clear; the next request tries it.`;
}

function meaning(status: number): string {
  if (status === 401) return 'the upstream does not accept its key';
  if (status === 403) return 'its key may not read the health path, which keeps no request from it';
  if (status === 429) return 'the upstream asks for fewer calls';
  if (status >= 500) return 'the upstream has trouble of its own';
  return 'there is nothing to ask at its health path';
}

function fixOf(status: number): string | null {
  if (status === 401) return 'Replace the key; one of the environment needs a restart.';
  if (status === 403) return 'Nothing, if its requests succeed; else allow the key to list models.';
  if (status === 429) return 'Wait, or raise the limits of its account.';
  if (status >= 500) return 'Probe again, and see the status page of the upstream.';
  return 'Set PROXY_HEALTH_CHECK_PATH, or the provider’s health_path, to a path that answers 200.';
}
