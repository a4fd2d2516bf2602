// The requests of the statistics page.
import { request } from '../api/http';
import type { By, EquipmentStatistics, Heatmap, Statistics } from './types';

export interface Question {
  from: string;
  to: string;
  camera: string;
  zone: string;
  severity: string;
}

function query(params: Record<string, string>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) if (value) search.set(key, value);
  return search.toString();
}

export const statistics = {
  events: (question: Question, by: By) =>
    request<Statistics>('GET', `/api/statistics?${query({ ...question, by })}`),
  equipment: ({ from, to, camera, zone }: Question, by: By) =>
    request<EquipmentStatistics>(
      'GET',
      `/api/statistics/equipment?${query({ from, to, camera, zone, by })}`,
    ),
  heatmap: ({ from, to }: Question, camera: string) =>
    request<Heatmap>('GET', `/api/heatmap?${query({ from, to, camera })}`),
};
