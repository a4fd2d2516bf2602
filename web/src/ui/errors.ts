// What a person reads when a request fails: a sentence in their language, and on the next line the server's
// own words, which are English and name the thing and the value.
import { ApiError } from '../api/http';
import type { Translate } from '../i18n/words';

/** These say all there is to say. */
const WHOLE = ['network', 'wrong_password'];

export function errorText(error: unknown, t: Translate): string {
  if (!(error instanceof ApiError)) return `${t('error.page')}\n${String(error)}`;
  const { code, detail } = error;
  if (WHOLE.includes(code)) return t(`error.${code}`);
  if (code === 'too_many_attempts') return t(`error.${code}`, { n: error.retryAfterS ?? 30 });
  const sentence =
    code === 'source_failed' && error.reason
      ? t(`reason.${error.reason}`, undefined, t('error.source_failed'))
      : t(`error.${code}`, undefined, t('error.other'));
  return `${sentence}\n${detail}`;
}

/** The sentence, and what is said small. */
export function errorParts(text: string): [string, string] {
  const [sentence = '', ...small] = text.split('\n');
  return [sentence, small.join(' ')];
}
