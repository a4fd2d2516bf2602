// The place of the articles that fit an alarm.
import type { EventType } from '../api/types';

export function RegulationsFor(_props: { type: EventType }) {
  return null;
}
