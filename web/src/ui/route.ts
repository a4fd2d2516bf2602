// Which page is shown, kept in the address after the `#` so that any server path serves it.
import { Store } from './store';

export type Route =
  | { page: 'wall' }
  | { page: 'history' }
  | { page: 'statistics' }
  | { page: 'cameras' }
  | { page: 'regulations' }
  | { page: 'incidents' }
  | { page: 'incident'; id: string }
  /** How alarms are handled. */
  | { page: 'settings' }
  /** Who did what. */
  | { page: 'audit' }
  /** Masks and floor of a camera. */
  | { page: 'scene'; camera: string }
  /** With a version, the history is open at it. */
  | { page: 'zones'; camera: string; version?: number };

export function parseRoute(hash: string): Route {
  const [page, id, version] = hash.replace(/^#\/?/, '').split('/');
  if (page === 'history' || page === 'statistics' || page === 'cameras' || page === 'regulations')
    return { page };
  if (page === 'incidents' || page === 'settings' || page === 'audit') return { page };
  if (page === 'incident' && id) return { page, id: decodeURIComponent(id) };
  if (page === 'scene' && id) return { page, camera: decodeURIComponent(id) };
  if (page === 'zones' && id) {
    const camera = decodeURIComponent(id);
    return version && /^\d+$/.test(version)
      ? { page, camera, version: Number(version) }
      : { page, camera };
  }
  return { page: 'wall' };
}

export const route = new Store<Route>(parseRoute(location.hash));
window.addEventListener('hashchange', () => route.set(parseRoute(location.hash)));

/** The address of a page, for links. */
export function address(to: Route): string {
  if (to.page === 'scene') return `#/scene/${encodeURIComponent(to.camera)}`;
  if (to.page === 'incident') return `#/incident/${encodeURIComponent(to.id)}`;
  if (to.page !== 'zones') return `#/${to.page}`;
  const camera = `#/zones/${encodeURIComponent(to.camera)}`;
  return to.version === undefined ? camera : `${camera}/${to.version}`;
}

export function go(next: Route): void {
  location.hash = address(next);
}
