// The article that fits the alarm comes first.
import { describe, expect, it } from 'vitest';
import { fitting, link, pick } from './pick';
import type { Regulation } from './types';

const words = { ko: '가', en: 'a' };
const one = (id: string, more: Partial<Regulation>): Regulation => ({
  id,
  category: 'osh_rules',
  law: words,
  article: words,
  title: words,
  text: words,
  url: null,
  types: [],
  position: 10,
  active: true,
  version: 1,
  edited_by: null,
  edited_at: null,
  ...more,
});

const ALL = [
  one('falls', { types: ['fall'], position: 10 }),
  one('helmets', { types: ['helmet_missing'], position: 30 }),
  one('act', { category: 'osh_act', types: ['helmet_missing', 'fall'], position: 20 }),
  one('old', { types: ['helmet_missing'], active: false, position: 1 }),
];
const ids = (list: Regulation[]) => list.map((regulation) => regulation.id);

describe('regulations', () => {
  it('of the alarm come first, then the others, each in its place', () => {
    expect(ids(pick(ALL, 'helmet_missing', null))).toEqual(['act', 'helmets', 'falls']);
    expect(ids(pick(ALL, null, null))).toEqual(['falls', 'act', 'helmets']);
  });
  it('of a category are those of the category', () =>
    expect(ids(pick(ALL, 'helmet_missing', 'osh_rules'))).toEqual(['helmets', 'falls']));
  it('that are not active are not shown', () =>
    expect(ids(fitting(ALL, 'helmet_missing'))).toEqual(['act', 'helmets']));
  it.each([
    ['https://www.law.go.kr/', 'https://www.law.go.kr/'],
    ['javascript:alert(1)', null],
    [null, null],
  ])('link to %s as %s', (url, target) => expect(link(url)).toBe(target));
});
