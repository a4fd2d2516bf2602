// The chosen language: Korean first, English at a click, remembered.
import { useMemo } from 'react';
import { remembered } from '../ui/hooks';
import { Store, useStore } from '../ui/store';
import { type Lang, type Translate, translator } from './words';

export type { Key, Lang, Translate } from './words';

const STORED = 'safe-yolo.lang';

export const lang = new Store<Lang>(remembered(STORED, ['ko', 'en'], 'ko'));

export function setLang(next: Lang): void {
  localStorage.setItem(STORED, next);
  lang.set(next);
}

export function useT(): { t: Translate; lang: Lang } {
  const language = useStore(lang);
  return useMemo(() => ({ t: translator(language), lang: language }), [language]);
}
