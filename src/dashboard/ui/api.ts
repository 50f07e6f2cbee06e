import { token } from './store.js';

/** An answer that is not 2xx, with the sentence the API gave. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export async function call(path: string, options: RequestInit = {}): Promise<Response> {
  const headers = new Headers(options.headers);
  if (token.value !== '') headers.set('authorization', `Bearer ${token.value}`);
  const response = await fetch(path, { ...options, headers, cache: 'no-store', credentials: 'omit' });
  if (!response.ok) throw new ApiError(response.status, await errorText(response));
  return response;
}

export async function getJson<T>(path: string): Promise<T> {
  const response = await call(path);
  return (await response.json()) as T;
}

export async function post(path: string): Promise<void> {
  const response = await call(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  await response.text();
}

async function errorText(response: Response): Promise<string> {
  const fallback = `The proxy answered ${response.status}.`;
  try {
    const body = (await response.json()) as { error?: { message?: unknown } };
    return typeof body.error?.message === 'string' ? body.error.message : fallback;
  } catch {
    return fallback;
  }
}
