// The words for how far a camera may be believed.

/** Reasons for which a camera is DEGRADED by more than a late analysis. */
export const DEGRADED_BY = [
  'frozen',
  'dark',
  'covered',
  'moved',
  'damaged',
  'detector_failed',
] as const;

export function stateKey({ state, reason }: { state: string; reason: string | null }): string {
  const special = DEGRADED_BY.find((other) => other === reason);
  return state === 'DEGRADED' && special ? `state.DEGRADED.${special}` : `state.${state}`;
}
