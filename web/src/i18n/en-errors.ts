// What is said when a request or the page itself fails.
import type { koErrors } from './ko-errors';

export const enErrors: Record<keyof typeof koErrors, string> = {
  'crash.title': 'This page could not be drawn',
  'crash.text': 'An error of the page. Alarms go on. Reload it, or go to another page.',
  'crash.whole': 'An error of the whole page: no alarms are shown now. Reload it at once.',
  'crash.reload': 'Reload',
  'error.network': "The server can't be reached. Check the network and the server.",
  'error.wrong_password': 'Wrong user name or password.',
  'error.too_many_attempts': 'Too many attempts. Try again in {n} seconds.',
  'error.forbidden': 'You are not allowed to do this.',
  'error.unavailable': "The server can't do this right now. Try again shortly.",
  'error.unauthenticated': 'You are not logged in. Log in again.',
  'error.foreign_origin': 'The request came from another address and was not done.',
  'error.not_found': 'It is not there: it may have been deleted.',
  'error.method_not_allowed': 'The server does not know this request.',
  'error.invalid': "What was entered can't be used: check the values.",
  'error.malformed': 'The request is malformed.',
  'error.conflict': 'This is not possible as things are now: look at the newest state.',
  'error.precondition_failed':
    'Somebody else has changed it meanwhile: look at the newest state and save again.',
  'error.too_large': 'What was sent is too large.',
  'error.source_failed': "The camera's pictures can't be opened.",
  'error.internal': 'An error of the server: tell an administrator.',
  'error.other': 'The request was not done.',
  'error.page': 'An error of this page.',
};
