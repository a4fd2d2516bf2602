// Regulations as the API tells them; see docs/regulations.md.
import type { EventType } from '../api/types';

export interface Words {
  ko: string;
  en: string;
}

export const CATEGORIES = ['osh_rules', 'osh_act', 'serious_accidents', 'site'] as const;
export type Category = (typeof CATEGORIES)[number];

export interface RegulationDraft {
  category: Category;
  law: Words;
  article: Words;
  title: Words;
  text: Words;
  url: string | null;
  types: EventType[];
  position: number;
  active: boolean;
}

export interface Regulation extends RegulationDraft {
  id: string;
  version: number;
  edited_by: string | null;
  edited_at: string | null;
}
