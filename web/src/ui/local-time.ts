// Fields for a date and a time: they give local time without a zone, and any year that is typed.

/** The last moment such a field may offer: browsers let six digits be typed for a year. */
export const LATEST = '9999-12-31T23:59:59';

/** As the server wants it; empty for what is no time, so that nothing breaks while it is typed. */
export function utc(local: string): string {
  const at = new Date(local);
  return local === '' || Number.isNaN(at.getTime()) ? '' : at.toISOString();
}
