// Requests to the server: JSON in and out, problem+json as one error type, and one place that
// notices that the login has expired.

import type { NewestVersion } from './types';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly reason: string | null = null,
    readonly retryAfterS: number | null = null,
    /** Who changed the camera meanwhile. */
    readonly newest: NewestVersion | null = null,
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

export async function problem(response: Response): Promise<ApiError> {
  const retry = Number(response.headers.get('retry-after'));
  const body: Record<string, unknown> = await response.json().catch(() => ({}));
  const text = (key: string) => (typeof body[key] === 'string' ? (body[key] as string) : null);
  return new ApiError(
    response.status,
    text('code') ?? `http_${response.status}`,
    text('detail') ?? text('title') ?? `HTTP ${response.status}`,
    text('reason'),
    Number.isFinite(retry) && retry > 0 ? retry : null,
    (body.newest as NewestVersion | undefined) ?? null,
  );
}

/** With `version` only if the camera is still at it. */
export async function request<T>(
  method: string,
  path: string,
  body?: unknown,
  version?: number,
): Promise<T> {
  const headers: Record<string, string> = {};
  const init: RequestInit = { method, credentials: 'same-origin', cache: 'no-store', headers };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    headers['content-type'] = 'application/json';
  }
  if (version !== undefined) headers['if-match'] = `"${version}"`;
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
