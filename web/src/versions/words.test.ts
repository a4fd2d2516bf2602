// Differences in words: known fields as an operator says them, unknown ones by name, no secret.
import { expect, describe as group, it } from 'vitest';
import type { Version, VersionChange } from '../api/types';
import { translator } from '../i18n/words';
import { authorName, describe, summary } from './words';

const ko = translator('ko');
const en = translator('en');
const change = (
  path: string,
  before: unknown,
  after: unknown,
  rest: Partial<VersionChange> = {},
): VersionChange => ({
  path: path.split('/'),
  before,
  after,
  ...(path.startsWith('zones/') && { zone: '프레스' }),
  ...rest,
});
const SQUARE = [
  [0.1, 0.1],
  [0.9, 0.1],
  [0.9, 0.9],
  [0.1, 0.9],
];
const MOVED = SQUARE.map((point, i) => (i === 2 ? [0.8, 0.85] : point));

group('a difference in words', () => {
  it.each<[VersionChange, string, string]>([
    [change('name', 'gate', 'north'), '이름 gate → north', 'Name gate → north'],
    [change('enabled', true, false), '카메라 감시 켬 → 끔', 'Camera watched on → off'],
    [change('login', false, true), '카메라 로그인 정보 없음 → 있음', 'Camera login none → stored'],
    [
      change('login', true, true, { hidden: true }),
      '카메라 로그인 정보 변경 (내용은 표시하지 않음)',
      'Camera login changed (not shown)',
    ],
    [change('zones/z-1/dwell_s', 2, 5), '프레스 · 체류 시간 2초 → 5초', '프레스 · Dwell 2 s → 5 s'],
    [
      change('zones/z-1/points', SQUARE, MOVED),
      '프레스 · 구역 모양 · 꼭짓점 1개 이동',
      '프레스 · Outline · corners moved: 1',
    ],
    [
      change('zones/z-1/points', SQUARE, SQUARE.slice(1)),
      '프레스 · 구역 모양 꼭짓점 4개 → 꼭짓점 3개',
      '프레스 · Outline 4 corners → 3 corners',
    ],
    [
      change('zones/z-1/require', ['helmet', 'vest'], []),
      '프레스 · 필수 보호구 안전모, 안전조끼 → 없음',
      '프레스 · Required equipment Helmet, Vest → None',
    ],
    [
      change('zones/z-1/type', 'warning', 'danger'),
      '프레스 · 종류 경고구역 → 위험구역',
      '프레스 · Type Warning zone → Danger zone',
    ],
    [
      change('zones/z-1/schedule', null, [{ days: ['mon'], from: '08:00', holidays: 'excluded' }]),
      '프레스 · 운영 시간 없음 → 월 08:00–24:00 휴일 제외',
      '프레스 · hours None → Mo 08:00–24:00 not on holidays',
    ],
    [
      change('zones/z-1/anchor', 'foot', 'centre'),
      '프레스 · 판정 기준 발 위치 → 몸 중심',
      '프레스 · who counts as inside Feet → Middle of the body',
    ],
    [
      change('zones/z-1/rules/proximity/distance_m', null, 1.7),
      '프레스 · 장비 근접 · 경보 거리 없음 → 1.7m',
      '프레스 · Close to machine · alarm distance None → 1.7 m',
    ],
    [
      change('zones/z-1/rules/fall/when', null, { class: 'person', present: false }),
      '프레스 · 쓰러짐 · 적용 조건 없음 → 작업자 없을 때만',
      '프레스 · Person down · condition None → only while not there: Person',
    ],
    [change('zones/z-1', null, { id: 'z-1' }), '구역 추가: 프레스', 'Zone added: 프레스'],
    [change('zones/z-1', { id: 'z-1' }, null), '구역 삭제: 프레스', 'Zone deleted: 프레스'],
    [change('zones', ['a', 'b'], ['b', 'a']), '구역 순서 변경', 'order of Zones changed'],
    [
      change('zones/z-1/rules/fall', null, { name: 'fall' }),
      '프레스 · 규칙 추가: 쓰러짐',
      '프레스 · Rule added: Person down',
    ],
    [
      change('zones/z-1/rules/fall-2/dwell_s', 1, 3.5),
      '프레스 · 쓰러짐 2 · 지속 시간 1초 → 3.5초',
      '프레스 · Person down 2 · Must hold 1 s → 3.5 s',
    ],
    [
      change('zones/z-1/rules/야간 인원/people', 3, 2),
      '프레스 · 야간 인원 · 인원 3명 → 2명',
      '프레스 · 야간 인원 · People 3 → 2',
    ],
    [
      change('zones/z-1/rules/proximity/class', 'vehicle', 'forklift'),
      '프레스 · 장비 근접 · 대상 차량 → 지게차',
      '프레스 · Close to machine · Object Vehicle → Forklift',
    ],
    [
      change('zones/z-1/rules/fire/message/ko', null, '대피'),
      '프레스 · 화재 · 경보 문구(한국어) 없음 → 대피',
      '프레스 · Fire · Message (Korean) None → 대피',
    ],
  ])('%j', (changed, korean, english) => {
    expect(describe(changed, ko)).toBe(korean);
    expect(describe(changed, en)).toBe(english);
  });

  it('tells fields that it has no words for', () => {
    expect(describe(change('zones/z-1/hours/from', '08:00', '09:00'), ko)).toBe(
      '프레스 · hours.from 08:00 → 09:00',
    );
    expect(describe(change('shades', null, [{ a: 1 }]), en)).toBe('shades None → [{"a":1}]');
    const long = describe(change('shades', null, 'x'.repeat(500)), en);
    expect(long.length).toBeLessThan(120);
  });
});

group('a version in a line', () => {
  const version = (rest: Partial<Version>): Version => ({
    version: 3,
    at: '2026-01-31T08:15:00Z',
    by: { kind: 'user', name: 'kim' },
    action: 'changed',
    change_count: 1,
    changes: [change('zones/z-1/dwell_s', 2, 5)],
    ...rest,
  });
  it.each<[Partial<Version>, string]>([
    [{}, '프레스 · 체류 시간 2초 → 5초'],
    [{ change_count: 4 }, '프레스 · 체류 시간 2초 → 5초 · 그 밖에 3건'],
    [{ action: 'added', changes: [], change_count: 0 }, '카메라 등록'],
    [{ action: 'restored', restored: 2 }, '버전 2의 구역과 규칙으로 되돌림'],
    [{ action: 'found', changes: [], change_count: 0 }, '이력 기록을 시작할 때의 설정'],
    [{ changes: [], change_count: 0 }, '설정 변경'],
  ])('%j', (rest, text) => expect(summary(version(rest), ko)).toBe(text));

  it('names who made it', () => {
    const kinds = ['site_file', 'command_line', 'start'] as const;
    const names = kinds.map((kind) => authorName({ kind }, ko));
    expect(names).toEqual(['현장 설정 파일', '실행 명령', '프로그램 시작']);
    expect(authorName({ kind: 'user', name: '김반장' }, en)).toBe('김반장');
  });
});
