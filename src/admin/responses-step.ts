import type { TrialAnswer } from '../upstream/trial-sink.js';
import { fails, skipped, type TrialStep, works } from './trial-steps.js';

/** Asks for nothing, so no model runs: whoever speaks the Responses API refuses it for what it lacks. */
export const EMPTY_REQUEST = Buffer.from('{}');

const BASE_URL_FIX =
  'base_url is everything before /responses; it mostly ends in /v1 (Azure: /openai/v1). If it is right, this provider has another API (chat completions, say) and cannot be used here.';

export interface EmptyAnswers {
  /** To `POST /responses` with `{}` and the credential. */
  readonly given: TrialAnswer;
  /** The same without the credential; null = not asked, as the credential is known to be looked at, or there is none. */
  readonly keyless: TrialAnswer | null;
}

/** What the answer to an empty request says: whether requests will be understood, and whether the key is taken. */
export function responsesStep({ given, keyless }: EmptyAnswers, url: string, sendsKey: boolean): TrialStep {
  const { status, failure, message } = given;
  if (status === null)
    return fails('responses', `POST ${url}: ${failure?.message ?? 'no answer'}.`, 'Try again.');
  const what = `POST ${url} answered ${status}`;
  const said = message === null ? '.' : `: ${message}`;
  if (isRefusedRequest(given)) return works('responses', `${what}: ${spoken(keyless, sendsKey)}`);
  if (status < 300) return ofSuccess(given, what);
  if (status < 400)
    return fails(
      'responses',
      `${what}, a redirect, which is never followed.`,
      'Set base_url to the final address.',
    );
  return ofRefusal(status, `${what}${said}`);
}

/** 404 has two meanings: no such path, and no such model where a request named none. */
function isRefusedRequest({ status, message }: TrialAnswer): boolean {
  if (status === 400 || status === 422) return true;
  return status === 404 && message !== null && /\bmodel\b/i.test(message);
}

function spoken(keyless: TrialAnswer | null, sendsKey: boolean): string {
  const speaks = 'it speaks the Responses API';
  if (!sendsKey) return `${speaks}, and wants no credential for that.`;
  if (keyless !== null && keyless.status === null)
    return `${speaks}. Without the key it did not answer in time: only a real request shows whether the key is accepted.`;
  if (keyless !== null && isRefusedRequest(keyless))
    return `${speaks}. It says so without the key, too: only a real request shows whether the key is accepted.`;
  return `${speaks}, and accepts the key.`;
}

function ofSuccess({ json, object, contentType }: TrialAnswer, what: string): TrialStep {
  if (!json)
    return fails(
      'responses',
      `${what} with ${contentType ?? 'something'} that is no JSON: a web page or a portal, not the API.`,
      BASE_URL_FIX,
    );
  return object === 'response'
    ? works('responses', `${what}: it speaks the Responses API.`)
    : skipped('responses', `${what} to a request for nothing, which does not tell what it speaks.`);
}

function ofRefusal(status: number, said: string): TrialStep {
  switch (status) {
    case 401:
    case 403:
      return fails(
        'responses',
        `The key is refused where requests go. ${said}`,
        'Check the key and what it may do (Responses: write); where the provider wants it in a header of its own set auth_type "header" and auth_header.',
      );
    case 404:
    case 405:
    case 501:
      return fails('responses', `It does not speak the Responses API. ${said}`, BASE_URL_FIX);
    case 429:
      return fails(
        'responses',
        said,
        'The key is rate limited or its quota is used up: try again later, or top it up.',
      );
    case 502:
    case 503:
    case 504:
      return fails(
        'responses',
        said,
        'The provider has trouble of its own: try again, and see its status page.',
      );
    default:
      return skipped('responses', `${said} It does not tell whether it speaks the Responses API.`);
  }
}
