// The shapes of docs/statistics.md, as the server sends them.
import type { Equipment } from '../api/types';

/** Hours of cameras: of two that ran for an hour there are two. */
export interface Watched {
  analysed_h: number;
  /** Nobody could look. */
  blind_h: number;
  /** The server did not run: nobody knows. */
  unrecorded_h: number;
}

export interface Row extends Watched {
  key: string;
  name?: string;
  /** Of a zone. */
  camera_name?: string;
  events: number;
  /** Null where nobody looked: not none. */
  per_hour: number | null;
}

export type By = 'day' | 'hour' | 'hour_of_day' | 'type' | 'severity' | 'zone' | 'camera';

export interface Statistics {
  from: string;
  to: string;
  time_zone: string;
  by: By;
  total: Row;
  blind: { reason: string; hours: number }[];
  rows: Row[];
}

export interface Worn {
  item: Equipment;
  present_h: number;
  missing_h: number;
  unknown_h: number;
  /** Null where nobody could say. */
  rate: number | null;
  unknown_share: number | null;
}

export interface EquipmentRow extends Watched {
  key: string;
  items: Worn[];
}

export interface EquipmentStatistics {
  from: string;
  to: string;
  time_zone: string;
  by: By;
  total: EquipmentRow;
  rows: EquipmentRow[];
}

export interface Heatmap extends Watched {
  camera: string;
  first_day: string;
  last_day: string;
  time_zone: string;
  columns: number;
  rows: number;
  seconds: number[];
}
