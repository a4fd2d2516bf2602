// A camera that was deleted can still be asked for.
import { expect, it } from 'vitest';
import type { Camera, SafetyEvent } from '../api/types';
import { deletedCameras, type Seen, seeing } from './deleted';

const of = (camera: string | null, camera_name: string) => ({ camera, camera_name }) as SafetyEvent;
const press = { id: 'press' } as Camera;

it('is known by its events, also once others are shown', () => {
  let seen: Seen = seeing(new Map(), [of('dock', 'Dock 2'), of('press', 'Press'), of(null, '')]);
  seen = seeing(seen, [of('dock', 'Dock'), of('yard', '')]);
  expect(deletedCameras(seen, [press])).toEqual([
    ['dock', 'Dock 2'],
    ['yard', 'yard'],
  ]);
  expect(seeing(seen, [of('yard', 'Yard')])).toBe(seen);
});

it('is not taken for deleted while the list of cameras is not known', () => {
  expect(deletedCameras(new Map([['press', 'Press']]), null)).toEqual([]);
});
