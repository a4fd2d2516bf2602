// The control room against a running server, as an operator uses it: log in, add a camera, draw a
// zone, take an alarm and acknowledge it. Needs SAFE_YOLO_URL, SAFE_YOLO_USER (an administrator)
// and SAFE_YOLO_PASSWORD; SAFE_YOLO_SCREENSHOT names a file for a picture of the wall,
// SAFE_YOLO_CHROMIUM another browser. Any error in the browser's console fails it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { id, LIVE_MS, logIn, open } from './browser.mjs';

const { SAFE_YOLO_URL, SAFE_YOLO_SCREENSHOT } = process.env;
const SOURCE = 'sim://helmets?seed=1';

const faults = [];
let browser;
let page;

before(async () => {
  ({ browser, page } = await open(faults));
});

after(async () => {
  await browser?.close();
});

test('an operator watches a simulated camera and acknowledges its alarm', async (t) => {
  let camera;

  await t.test('logs in', async () => {
    await logIn(page);
    await page.waitForSelector(id('nav-cameras'));
  });

  await t.test('adds a camera after looking at its test picture', async () => {
    await page.click(id('nav-cameras'));
    // The list is there once the cameras of the first start are.
    await page.locator(id('camera-row')).first().waitFor();
    const known = await page.locator(id('camera-row')).count();
    await page.click(id('camera-add'));
    await page.fill(id('camera-name'), '시험 카메라');
    await page.fill(id('camera-source'), SOURCE);
    await page.click(id('camera-test'));
    const picture = page.locator(id('camera-test-picture'));
    await picture.waitFor({ timeout: LIVE_MS });
    const width = await picture.evaluate((image) => image.decode().then(() => image.naturalWidth));
    assert.ok(width > 0, 'the test picture is empty');
    const [saved] = await Promise.all([
      page.waitForResponse(
        (r) => new URL(r.url()).pathname === '/api/cameras' && r.request().method() === 'POST',
      ),
      page.click(id('camera-save')),
    ]);
    assert.equal(saved.status(), 201);
    camera = (await saved.json()).id;
    await page.locator(`${id('camera-row')}[data-camera="${camera}"]`).waitFor();
    assert.equal(await page.locator(id('camera-row')).count(), known + 1);
  });

  await t.test('sees its live picture with boxes', async () => {
    await page.click(id('nav-wall'));
    // Four cameras of the simulated site fill the first page of the usual wall.
    await page.click(id('layout-9'));
    const tile = `${id('tile')}[data-camera="${camera}"]`;
    await page.waitForSelector(`${tile}[data-state="LIVE"]`, { timeout: LIVE_MS });
    await page.waitForFunction(
      (selector) => {
        const { boxes, frames } = document.querySelector(selector)?.dataset ?? {};
        return Number(boxes) > 0 && Number(frames) > 3;
      },
      tile,
      { timeout: LIVE_MS },
    );
  });

  await t.test('draws a danger zone that requires a helmet', async () => {
    await page.locator(`${id('tile')}[data-camera="${camera}"] ${id('zone-edit')}`).click();
    const canvas = page.locator(id('zone-canvas'));
    await canvas.waitFor();
    await page.click(id('zone-new'));
    const corners = [
      [0.02, 0.4],
      [0.98, 0.4],
      [0.98, 0.98],
      [0.02, 0.98],
    ];
    const has = (count) => page.waitForSelector(`${id('zone-canvas')}[data-points="${count}"]`);
    for (const [index, [x, y]] of corners.entries()) {
      for (;;) {
        const box = await canvas.boundingBox();
        await canvas.click({ position: { x: x * box.width, y: y * box.height } });
        await has(index + 1);
        const now = await canvas.boundingBox();
        const grown = Math.max(
          Math.abs(now.width / box.width - 1),
          Math.abs(now.height / box.height - 1),
        );
        if (grown < 0.005) break;
        // An alarm's line at the top came or went, perhaps before the click: once more.
        await page.keyboard.press('Control+z');
        await has(index);
      }
    }
    await page.keyboard.press('Enter');
    await page.waitForSelector(`${id('zone-canvas')}[data-closed="true"]`);
    await page.fill(id('zone-name'), '시험 위험구역');
    await page.selectOption(id('zone-type'), 'danger');
    await page.check(id('zone-require-helmet'));
    const [saved] = await Promise.all([
      page.waitForResponse(
        (r) => new URL(r.url()).pathname === '/api/zones' && r.request().method() === 'POST',
      ),
      page.click(id('zone-save')),
    ]);
    assert.equal(saved.status(), 201);
    const zone = await saved.json();
    assert.equal(zone.type, 'danger');
    assert.deepEqual(zone.require, ['helmet']);
    for (const [index, corner] of corners.entries()) {
      const near = zone.points[index].every((value, axis) => Math.abs(value - corner[axis]) < 0.01);
      assert.ok(
        near,
        `corner ${index} was clicked at ${corner} but saved at ${zone.points[index]}`,
      );
    }
  });

  await t.test('is told when somebody else was faster, and brings the zone back', async () => {
    const zones = async () => {
      const answer = await page.request.get(`${SAFE_YOLO_URL}/api/zones?camera=${camera}`);
      return (await answer.json()).zones;
    };
    await page.locator(id('zone-pick')).first().click();
    await page.fill(id('zone-dwell'), '4');
    const [{ id: zone }] = await zones();
    const other = { data: { dwell_s: 6 } };
    const faster = await page.request.patch(`${SAFE_YOLO_URL}/api/zones/${zone}`, other);
    assert.equal(faster.status(), 200);
    await page.click(id('zone-save'));
    const note = page.locator(id('stale'));
    await note.getByText('체류 시간 2초 → 6초').waitFor();
    assert.equal(await page.inputValue(id('zone-dwell')), '4', 'what was typed stays');
    assert.equal((await zones())[0].dwell_s, 6, 'nothing is overwritten');
    const refused = faults.findIndex((fault) => fault.includes('412'));
    assert.notEqual(refused, -1, 'the browser notes the refusal');
    faults.splice(refused, 1);
    await page.click(id('stale-load'));
    await page.waitForFunction(
      (field) => document.querySelector(field).value === '6',
      id('zone-dwell'),
    );

    await page.click(id('versions-toggle'));
    const versions = page.locator(id('version'));
    await versions.first().getByText('2초 → 6초').first().waitFor();
    await versions.nth(1).locator('summary').click();
    await versions.nth(1).locator(id('version-restore')).click();
    await page.click(id('confirm'));
    await versions.first().getByText('버전 2의 구역과 규칙으로 되돌림').waitFor();
    const [restored] = await zones();
    assert.deepEqual([restored.id, restored.dwell_s], [zone, 2]);
  });

  let alarm;
  await t.test('is told of an alarm', async () => {
    await page.click(id('nav-wall'));
    const types = ['danger_zone_intrusion', 'helmet_missing'];
    const selector = types
      .map(
        (type) =>
          `${id('event')}[data-camera="${camera}"][data-type="${type}"][data-acknowledged="false"]`,
      )
      .join(', ');
    const first = page.locator(selector).first();
    await first.waitFor({ timeout: LIVE_MS });
    alarm = await first.getAttribute('data-event-id');
    await page.waitForSelector(id('alarm-popup'));
    if (SAFE_YOLO_SCREENSHOT) await page.screenshot({ path: SAFE_YOLO_SCREENSHOT });
  });

  await t.test('acknowledges it', async () => {
    const row = `${id('event')}[data-event-id="${alarm}"]`;
    await page.locator(`${row} ${id('event-ack')}`).click();
    await page.waitForSelector(`${row}[data-acknowledged="true"]`, { state: 'attached' });
    await page
      .locator(`${id('alarm-popup')}[data-event-id="${alarm}"]`)
      .waitFor({ state: 'detached' });
  });

  await t.test('switches the language and back', async () => {
    await page.click(id('lang-toggle'));
    await page.waitForFunction(() => document.documentElement.lang === 'en');
    assert.match(await page.locator(id('nav-wall')).textContent(), /Wall/);
    await page.click(id('lang-toggle'));
    await page.waitForFunction(() => document.documentElement.lang === 'ko');
    assert.match(await page.locator(id('nav-wall')).textContent(), /관제/);
  });

  await t.test('finds the alarm in the history', async () => {
    await page.click(id('nav-history'));
    await page.locator(`${id('history-row')}[data-event-id="${alarm}"]`).waitFor();
    // A year of six digits can be typed, and must not take the alarms away with the page.
    await page.locator(id('filter-from')).evaluate((field) => {
      const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
      set.call(field, '202611-01-01T00:00:00');
      field.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await page.locator(`${id('history-row')}[data-event-id="${alarm}"]`).waitFor();
    assert.equal(await page.locator(id('crashed')).count(), 0);
    await page.click(id('filter-reset'));
    await page.locator(`${id('history-row')}[data-event-id="${alarm}"]`).waitFor();
  });

  await t.test('masks an area and calibrates the floor', async () => {
    await page.goto(`${SAFE_YOLO_URL}/#/scene/${camera}`);
    const canvas = page.locator(id('scene-canvas'));
    await canvas.waitFor();
    await page.click(id('calibration-new'));
    await page.fill(id('calibration-width'), '6');
    await page.click(id('mask-new'));
    for (const [x, y] of [
      [0.9, 0.02],
      [0.98, 0.02],
      [0.98, 0.1],
    ]) {
      const box = await canvas.boundingBox();
      await canvas.click({ position: { x: x * box.width, y: y * box.height } });
    }
    await page.keyboard.press('Enter');
    await page.getByText('제외 영역 1', { exact: true }).waitFor();
    const [saved] = await Promise.all([
      page.waitForResponse((r) => r.request().method() === 'PATCH'),
      page.click(id('scene-save')),
    ]);
    assert.equal(saved.status(), 200);
    const { masks, calibration } = await saved.json();
    assert.deepEqual([masks.length, masks[0].length], [1, 3]);
    assert.deepEqual(calibration.metres, [
      [0, 0],
      [6, 0],
      [6, 4],
      [0, 4],
    ]);
  });

  await t.test('sets hours, a line and metres, and sees what the rules say and why', async () => {
    await page.goto(`${SAFE_YOLO_URL}/#/zones/${camera}`);
    await page.locator(id('zone-pick')).first().click();
    await page.selectOption(id('zone-schedule-kind'), 'some');
    await page.click(id('zone-schedule-add'));
    await page.selectOption(id('zone-rule-type'), 'line_crossing');
    await page.click(id('zone-rule-add'));
    await page.selectOption(id('zone-rule-direction'), 'to_left');
    const end = page.locator(`${id('zone-line')} .corner`).first();
    await end.focus();
    await page.keyboard.press('ArrowUp');
    await page.selectOption(id('zone-rule-type'), 'proximity');
    await page.click(id('zone-rule-add'));
    await page.selectOption(id('zone-rule-unit'), 'metres');
    await page.selectOption(id('zone-rule-type'), 'lone_worker');
    await page.click(id('zone-rule-add'));
    const [saved] = await Promise.all([
      page.waitForResponse((r) => r.request().method() === 'PATCH'),
      page.click(id('zone-save')),
    ]);
    assert.equal(saved.status(), 200, await saved.text());
    const zone = await saved.json();
    assert.equal(zone.schedule.length, 2);
    const [line, near] = zone.rules;
    assert.deepEqual([line.type, line.direction], ['line_crossing', 'to_left']);
    assert.ok(line.line[0][1] < line.line[1][1], 'the first end was moved up');
    assert.equal(near.distance_m, 1.7);
    await page.locator(id('zone-pick')).first().click();
    const rows = page.locator(`${id('rule-preview')} ${id('rule-row')}`);
    await rows.nth(2).waitFor();
    const verdicts = await rows.evaluateAll((all) => all.map((row) => row.dataset.verdict));
    assert.equal(verdicts.length, 3, String(verdicts));
  });

  await t.test('tries the zones on what was recorded', async () => {
    await page.click(id('replay-run'));
    await page.locator(id('replay-counts')).waitFor();
    assert.match(await page.locator(id('replay-counts')).textContent(), /같음 \d+/);
  });

  await t.test('sets a holiday', async () => {
    await page.click(id('nav-cameras'));
    await page.fill(id('calendar-zone'), 'Asia/Seoul');
    await page.fill(id('calendar-day'), '2026-12-25');
    await page.click(id('calendar-add'));
    await page.click(id('calendar-save'));
    await page.getByText('모든 카메라에 적용됩니다').waitFor();
    const answer = await page.request.get(`${SAFE_YOLO_URL}/api/calendar`);
    assert.deepEqual(await answer.json(), {
      time_zone: 'Asia/Seoul',
      holidays: ['2026-12-25'],
    });
  });

  await t.test('has caused no error in the browser', () => assert.deepEqual(faults, []));
});
