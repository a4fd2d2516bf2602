// Which page is shown, kept in the address after the `#` so that any server path serves it.
import { Store } from './store';

export type Route =
  | { page: 'wall' }
  | { page: 'history' }
  | { page: 'cameras' }
  | { page: 'zones'; camera: string };

export function parseRoute(hash: string): Route {
  const [page, id] = hash.replace(/^#\/?/, '').split('/');
  if (page === 'history' || page === 'cameras') return { page };
  if (page === 'zones' && id) return { page, camera: decodeURIComponent(id) };
  return { page: 'wall' };
}

export const route = new Store<Route>(parseRoute(location.hash));
window.addEventListener('hashchange', () => route.set(parseRoute(location.hash)));

export function go(next: Route): void {
  location.hash = next.page === 'zones' ? `/zones/${next.camera}` : `/${next.page}`;
}
