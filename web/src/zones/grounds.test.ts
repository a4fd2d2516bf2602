// What a verdict rests on reads as a sentence, and nothing unknown is lost.
import { expect, it } from 'vitest';
import { detailText } from '../events/detail-text';
import { translator } from '../i18n/words';
import { groundText } from './grounds';

const ko = translator('ko');
const en = translator('en');

it('tells the person, for how long, and the figures', () => {
  const ground = {
    track: 'yard/1795695505489/12',
    verdict: 'fire',
    held_s: 3.2,
    details: { class: 'forklift', distance: 0.4567, thing: [1, 2, 3, 4] },
  } as const;
  expect(groundText(ground, ko)).toBe(
    '#12 · 3.2초 지속 · 대상 지게차 · 거리 (작업자 키의 배수) 0.46',
  );
});

it('tells why it does not know', () => {
  expect(groundText({ verdict: 'unknown', reason: 'not_calibrated' }, ko)).toBe(
    '바닥 거리 보정 없음',
  );
  expect(groundText({ verdict: 'unknown', reason: 'new' as 'cut' }, en)).toBe('new');
});

it.each<[string, unknown, string]>([
  ['votes', { present: 0, missing: 1.234, coverage: 0.8 }, '착용 0 · 미착용 1.23 · 근거 80%'],
  ['votes', { other: 1 }, '{"other":1}'],
  ['class', 'forklift', '지게차'],
  ['class', 'spaceship', 'spaceship'],
  ['direction', 'to_left', '왼쪽으로 (←)'],
  ['end_reason', 'schedule', '운영 시간 종료'],
  ['rule', '내 규칙', '내 규칙'],
  ['box', [1.4, 2.6, 3, 4], '1, 3, 3, 4'],
  ['anything', { a: 1 }, '{"a":1}'],
])('%s %j reads %s', (key, value, text) => {
  expect(detailText(key, value, ko)).toBe(text);
});
