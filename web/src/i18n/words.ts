// Looks up and fills in the words of a language.
import { en } from './en';
import { ko } from './ko';

export type Lang = 'ko' | 'en';
export type Key = keyof typeof ko;
/** Keys made from values of the API, as `state.LIVE`, fall back to `other` when unknown. */
export type Translate = (
  key: Key | (string & {}),
  params?: Record<string, string | number>,
  other?: string,
) => string;

const WORDS: Record<Lang, Record<string, string>> = { ko, en };

export function translator(language: Lang): Translate {
  const words = WORDS[language];
  return (key, params, other) => {
    const text = words[key] ?? other ?? key;
    if (!params) return text;
    return text.replace(/\{(\w+)\}/g, (whole, name) => String(params[name] ?? whole));
  };
}
