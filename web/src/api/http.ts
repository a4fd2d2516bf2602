// Requests to the server: JSON in and out, problem+json as one error type, and one place that
// notices that the login has expired.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly reason: string | null = null,
    readonly retryAfterS: number | null = null,
  ) {
    super(detail);
  }
}

/** Code of an error that never reached the server. */
export const NETWORK = 'network';

let onExpired: () => void = () => {};

export function whenExpired(handler: () => void): void {
  onExpired = handler;
}

async function problem(response: Response): Promise<ApiError> {
  const retry = Number(response.headers.get('retry-after'));
  const body: Record<string, unknown> = await response.json().catch(() => ({}));
  const text = (key: string) => (typeof body[key] === 'string' ? (body[key] as string) : null);
  return new ApiError(
    response.status,
    text('code') ?? `http_${response.status}`,
    text('detail') ?? text('title') ?? `HTTP ${response.status}`,
    text('reason'),
    Number.isFinite(retry) && retry > 0 ? retry : null,
  );
}

export async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method, credentials: 'same-origin', cache: 'no-store' };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'content-type': 'application/json' };
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    throw new ApiError(0, NETWORK, String(error));
  }
  if (!response.ok) {
    const error = await problem(response);
    if (error.status === 401 && error.code !== 'wrong_password') onExpired();
    throw error;
  }
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}
