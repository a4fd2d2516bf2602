// Checklists as the API tells them; see docs/checklists.md.
import type { EventType } from '../api/types';

export interface Words {
  ko: string;
  en: string;
}

export interface ItemDefinition {
  id: string;
  text: Words;
  by: 'hand' | 'rule';
  types?: EventType[];
  zone?: string;
  clear_for_s?: number;
}

export interface Touch {
  /** Null for the camera. */
  who: string | null;
  at: string;
  note: string;
}

export type ItemState = 'open' | 'done' | 'unconfirmed';

export interface Item extends ItemDefinition {
  revision: number;
  state: ItemState;
  last: Touch | null;
  unconfirmed_since: string | null;
  /** Null of an item by hand. */
  standing: 'clear' | 'violation' | 'unknown' | null;
  reason: string | null;
  clear_s: number | null;
}

export interface Checklist {
  id: string;
  camera: string;
  zone: string | null;
  name: Words;
  version: number;
  started: string;
  items: Item[];
}

export interface Template {
  id: string;
  name: Words;
  items: ItemDefinition[];
}

export interface Deed {
  item: string;
  at: string;
  deed: 'ticked' | 'unticked' | 'unconfirmed' | 'confirmed';
  who: string | null;
  note: string;
}

export interface Run {
  number: number;
  started: string;
  ended: string | null;
  ended_by: 'shift' | 'hand' | 'deleted' | null;
  who: string | null;
  note: string;
  open: string[];
  items: {
    id: string;
    text: Words;
    state: ItemState;
    last: Touch | null;
    unconfirmed_since: string | null;
  }[];
  deeds: Deed[];
  untold: number;
}

export interface ChecklistDraft {
  camera: string;
  zone: string | null;
  name: Words;
  items: ItemDefinition[];
}
