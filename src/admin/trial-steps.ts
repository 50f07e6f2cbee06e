import type { TrialAnswer, TrialFailure } from '../upstream/trial-sink.js';

/** One thing that was tried, for the operator to read from top to bottom. */
export interface TrialStep {
  readonly step: string;
  readonly status: 'ok' | 'failed' | 'skipped';
  readonly message: string;
  readonly fix: string | null;
}

export const works = (step: string, message: string): TrialStep => ({
  step,
  status: 'ok',
  message,
  fix: null,
});
export const fails = (step: string, message: string, fix: string): TrialStep => ({
  step,
  status: 'failed',
  message,
  fix,
});
export const skipped = (step: string, message: string): TrialStep => ({
  step,
  status: 'skipped',
  message,
  fix: null,
});

const UNREACHED = 'It was not reached.';
const SHOWN_MODELS = 5;

/** What the answer to the health path says of connection, credential and path. `provesKey`: it does not come without. */
export function answerSteps(
  answer: TrialAnswer,
  url: string,
  auth: 'bearer' | 'header' | 'none',
  provesKey = true,
): TrialStep[] {
  const { failure } = answer;
  if (failure !== null && !failure.sent)
    return [
      connectionFailed(failure, url),
      skipped('authorization', UNREACHED),
      skipped('health_path', UNREACHED),
    ];
  const connection = works('connection', `${new URL(url).host} accepted the connection.`);
  if (failure !== null)
    return [
      connection,
      skipped('authorization', 'There was no answer.'),
      fails('health_path', `${url}: ${failure.message}`, silentFix(failure)),
    ];
  return [connection, authorizationStep(answer, auth, provesKey), pathStep(answer, url)];
}

/** Requests work without such a list, so the lack of one alone is no failure. */
export function modelsStep(answer: TrialAnswer, url: string): TrialStep {
  const { status, models, failure } = answer;
  const what = `GET ${url}`;
  if (failure !== null) return skipped('models', `${what}: ${failure.message}`);
  if (status !== 200)
    return skipped('models', `${what} answered ${status}: its models are not known. Requests may work.`);
  if (answer.tooLarge)
    return fails('models', `${what} answered more than 4 MB.`, 'Check that base_url is that of an API.');
  if (!answer.json)
    return fails(
      'models',
      `${what} answered ${answer.contentType ?? 'something'} that is no JSON: a web page or a portal, not the API.`,
      'base_url is everything before /responses; it mostly ends in /v1 (Azure: /openai/v1).',
    );
  if (models === null)
    return fails(
      'models',
      `${what} answered JSON without a list of models under "data".`,
      'Check that base_url is that of an OpenAI-compatible API, and ends where /responses begins.',
    );
  const more = models.length > SHOWN_MODELS ? ', …' : '';
  const names = models.slice(0, SHOWN_MODELS).join(', ');
  return works('models', `It lists ${models.length} models${names && `: ${names}${more}`}.`);
}

function authorizationStep({ status, message }: TrialAnswer, auth: string, provesKey: boolean): TrialStep {
  const said = message === null ? '' : ` It says: ${message}`;
  if (status === 401)
    return fails(
      'authorization',
      auth === 'none'
        ? `It wants a credential (401).${said}`
        : `It does not accept the credential (401).${said}`,
      auth === 'header'
        ? 'Check the key, and that auth_header is the header this provider reads.'
        : 'Check the key; where the provider wants it in a header of its own (Azure: api-key) set auth_type "header" and auth_header.',
    );
  if (status === 403)
    return fails(
      'authorization',
      `The credential may not read this path (403).${said}`,
      'Allow the key to list models, or set health_path to a path it may read.',
    );
  if (!provesKey)
    return skipped(
      'authorization',
      'The same is answered without the key, so this does not prove it: see responses.',
    );
  if (status !== null && status >= 200 && status < 300)
    return works(
      'authorization',
      auth === 'none' ? 'It wants no credential.' : 'The answer came with this credential.',
    );
  return skipped('authorization', `Its answer (${status}) does not tell.`);
}

function pathStep({ status, location, message }: TrialAnswer, url: string): TrialStep {
  const what = `GET ${url} answered ${status}`;
  if (status === null) return skipped('health_path', UNREACHED);
  if (status >= 200 && status < 300) return works('health_path', `${what}.`);
  if (status < 400)
    return fails(
      'health_path',
      `${what}, a redirect${location === null ? '' : ` to ${location}`}, which is never followed.`,
      'Set base_url to the final address.',
    );
  if (status === 401 || status === 403) return skipped('health_path', `${what}: see authorization.`);
  return refusedPath(status, what, message === null ? '.' : `: ${message}`);
}

function refusedPath(status: number, what: string, said: string): TrialStep {
  if (status === 404 || status === 405)
    return fails(
      'health_path',
      `${what}: there is nothing to ask there.`,
      'base_url is everything before /responses; it mostly ends in /v1 (Azure: /openai/v1). If it is right, set health_path to a path that answers 200.',
    );
  if (status === 429)
    return fails(
      'health_path',
      `${what}${said}`,
      'The key is rate limited or its quota is used up: try again later, or top it up.',
    );
  return fails(
    'health_path',
    `${what}${said}`,
    status >= 500
      ? 'The provider has trouble of its own: try again, and see its status page.'
      : 'Set health_path to a path that answers 200.',
  );
}

function connectionFailed({ kind, message }: TrialFailure, url: string): TrialStep {
  const { host } = new URL(url);
  const failed = (why: string, fix: string): TrialStep =>
    fails('connection', `${host} ${why}: ${message}`, fix);
  switch (kind) {
    case 'address_refused':
      return failed(
        'may not be connected to',
        'Name the network in PROXY_UPSTREAM_ALLOW_CIDRS if that is where the provider is.',
      );
    case 'dns':
      return failed(
        'cannot be resolved',
        'Check the host name in base_url, and the resolver of this machine.',
      );
    case 'refused':
      return failed(
        'cannot be reached',
        'Check host and port in base_url, that the server runs, and firewalls between.',
      );
    case 'connect_timeout':
      return failed(
        'does not answer',
        'Check host and port in base_url; a firewall that drops packets looks like this.',
      );
    case 'tls':
      return failed(
        'has no trusted TLS',
        'Check that the port speaks TLS and that the certificate fits the name; put a private authority into NODE_EXTRA_CA_CERTS.',
      );
    default:
      return failed('broke the connection', 'Check that host and port in base_url are those of the API.');
  }
}

function silentFix({ kind }: TrialFailure): string {
  return kind === 'garbage'
    ? 'Check that the port in base_url speaks HTTP: the answer was none.'
    : 'Try again; if it stays so, check host and port in base_url, and set health_path to a path that answers quickly.';
}
