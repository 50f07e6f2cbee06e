/** An answer that is not 2xx, with what the API said about it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string | null,
    message: string,
    /** The parameter or field that is wrong, where it is one. */
    readonly param: string | null,
  ) {
    super(message);
  }

  static async of(response: Response): Promise<ApiError> {
    const { status } = response;
    try {
      const { error } = (await response.json()) as { error?: Readonly<Record<string, unknown>> };
      return new ApiError(
        status,
        textOf(error?.['code']),
        textOf(error?.['message']) ?? fallback(status),
        textOf(error?.['param']),
      );
    } catch {
      return new ApiError(status, null, fallback(status), null);
    }
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function fallback(status: number): string {
  return `The proxy answered ${status}.`;
}
