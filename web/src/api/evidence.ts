// Why a picture or clip is not shown: a browser only says that it is not.

export type Missing =
  /** Removed by age or lack of space, or lost. */
  | 'gone'
  /** It may be there: ask again. */
  | 'failed'
  /** The server gave it; this browser can't show it. */
  | 'unplayable';

/** Asks the server for the head of it only. */
export async function whyMissing(url: string): Promise<Missing> {
  try {
    const init: RequestInit = { method: 'HEAD', credentials: 'same-origin', cache: 'no-store' };
    const { ok, status } = await fetch(url, init);
    return ok ? 'unplayable' : status === 404 ? 'gone' : 'failed';
  } catch {
    return 'failed';
  }
}
