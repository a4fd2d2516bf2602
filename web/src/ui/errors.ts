// What a person reads when a request fails: the server's own words where it has any.
import { ApiError } from '../api/http';
import type { Translate } from '../i18n/i18n';

export function errorText(error: unknown, t: Translate): string {
  if (!(error instanceof ApiError)) return String(error);
  const { code, detail } = error;
  if (code === 'network' || code === 'wrong_password' || code === 'forbidden') {
    return t(`error.${code}`);
  }
  if (code === 'too_many_attempts') return t(`error.${code}`, { n: error.retryAfterS ?? 30 });
  if (code === 'source_failed' && error.reason) {
    return `${t(`reason.${error.reason}`, undefined, '')} ${detail}`.trim();
  }
  return detail;
}
