// Who is logged in. The cookie itself is out of reach; this browser only remembers that there was
// a login, so that a page opened without one shows the login at once.
import { api } from '../api/client';
import { ApiError, whenExpired } from '../api/http';
import type { Role, User } from '../api/types';
import { Store } from '../ui/store';

export type Session =
  | { state: 'asking'; user: null }
  | { state: 'out'; user: null }
  | { state: 'in'; user: User }
  /** The login no longer holds: the page stays, greyed, behind the login. */
  | { state: 'expired'; user: User };

const HINT = 'safe-yolo.session';
const RETRY_MS = 2000;

export const session = new Store<Session>(
  localStorage.getItem(HINT) ? { state: 'asking', user: null } : { state: 'out', user: null },
);

whenExpired(() => {
  localStorage.removeItem(HINT);
  session.update((now) =>
    now.user ? { state: 'expired', user: now.user } : { state: 'out', user: null },
  );
});

function enter(user: User): void {
  localStorage.setItem(HINT, '1');
  session.set({ state: 'in', user });
}

export async function resume(): Promise<void> {
  if (session.get().state !== 'asking') return;
  try {
    enter((await api.session()).user);
  } catch (error) {
    // A server that does not answer says nothing about the login: ask until it does.
    if (error instanceof ApiError && error.status >= 400 && error.status < 500) {
      session.set({ state: 'out', user: null });
    } else setTimeout(() => void resume(), RETRY_MS);
  }
}

export async function login(username: string, password: string): Promise<void> {
  enter((await api.login(username, password)).user);
}

export async function logout(): Promise<void> {
  await api.logout().catch(() => undefined);
  localStorage.removeItem(HINT);
  session.set({ state: 'out', user: null });
}

let probing = false;

/** A socket broke: a browser does not say why, so the session is asked. */
export async function probe(): Promise<void> {
  if (probing || session.get().state !== 'in') return;
  probing = true;
  await api.session().catch(() => undefined);
  probing = false;
}

const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

export const may = {
  operate: (user: User | null) => RANK[user?.role ?? 'viewer'] >= 1,
  configure: (user: User | null) => RANK[user?.role ?? 'viewer'] >= 2,
  /** A right of its own, whatever the role. */
  takeOriginals: (user: User | null) => user?.may_export_original === true,
};
