// A request that fails is told in the language of the page, with the server's words beside it.
import { describe, expect, it } from 'vitest';
import { ApiError } from '../api/http';
import { ko } from '../i18n/ko';
import { translator } from '../i18n/words';
import { errorParts, errorText } from './errors';

const t = translator('ko');
const CODES =
  'unauthenticated forbidden foreign_origin not_found method_not_allowed invalid malformed conflict precondition_failed too_large unavailable source_failed internal';

describe('an error', () => {
  it.each(CODES.split(' '))('of the code %s has a sentence', (code) => {
    expect(ko).toHaveProperty([`error.${code}`]);
    const [sentence, small] = errorParts(errorText(new ApiError(409, code, 'incident 7: no'), t));
    expect(sentence).toMatch(/[가-힣]/);
    expect(small).toBe('incident 7: no');
  });

  it('of another code, or of the page, is told too', () => {
    const of = (error: unknown) => errorParts(errorText(error, t));
    expect(of(new ApiError(502, 'http_502', 'HTTP 502'))).toEqual([
      '요청을 처리하지 못했습니다.',
      'HTTP 502',
    ]);
    expect(of(new TypeError('x'))).toEqual(['화면에서 오류가 생겼습니다.', 'TypeError: x']);
    expect(of(new ApiError(0, 'network', 'x'))[1]).toBe('');
    expect(of(new ApiError(422, 'source_failed', 'y', 'unreachable'))).toEqual([
      '카메라에 연결할 수 없습니다',
      'y',
    ]);
  });
});
