import { ApiError } from './api-error.js';
import { awayBecause, connection, token } from './store.js';

export { ApiError };

/** Any request to the proxy, with the admin token. Throws ApiError; a refused token shows the sign-in form. */
export async function call(path: string, options: RequestInit = {}): Promise<Response> {
  const headers = new Headers(options.headers);
  if (token.value !== '') headers.set('authorization', `Bearer ${token.value}`);
  // Asking is how the page finds out that a token is wanted: nobody was refused by that.
  else headers.set('x-dashboard-sign-in', 'ask');
  const response = await fetch(path, { ...options, headers, cache: 'no-store', credentials: 'omit' });
  if (response.ok) return response;
  const error = await ApiError.of(response);
  if (error.status === 401 || error.code === 'too_many_attempts') {
    awayBecause.value = refusedBecause(error);
    connection.value = 'signed_out';
  }
  throw error;
}

/** The API speaks of headers, to programs; whoever is to sign in fills in a form. */
function refusedBecause({ param, message }: ApiError): string {
  if (param !== 'authorization') return message;
  return token.value === ''
    ? 'This proxy wants its admin token.'
    : 'That is not the admin token of this proxy. Copy the whole value of PROXY_ADMIN_TOKEN, without quotes or blanks.';
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await call(path, signal === undefined ? {} : { signal });
  return (await response.json()) as T;
}

/** The answer, or undefined where there is none (204). */
export async function sendJson<T>(
  method: 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await call(path, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(method === 'DELETE' && body === undefined ? {} : { body: JSON.stringify(body ?? {}) }),
  });
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** What to tell people about something that was thrown. */
export function messageOf(error: unknown): string {
  // What `fetch` throws, in the words of whichever browser it is.
  if (error instanceof TypeError) return 'The proxy did not answer.';
  return error instanceof Error ? error.message : 'It did not work.';
}
