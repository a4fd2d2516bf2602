// Every screen in Korean and in English: it has what it is for, no text of it is missing, and nothing fails in the
// browser. Runs on the server that `incident.e2e.mjs` has left: its incident, evidence and audit are looked at. Needs
// what that needs; SAFE_YOLO_SCREENSHOTS names a folder for a picture of each screen.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { id, logIn, open } from './browser.mjs';

const { SAFE_YOLO_URL, SAFE_YOLO_SCREENSHOTS } = process.env;
/** A key that stands where its text should be. */
const KEY =
  /(^|\s)(ack|alarm|audit|camera|checklist|clip|common|deed|doubt|editor|event|export|history|inc|incidents|incstate|mute|reg|regulation|rule|scene|severity|stat|stats|step|zone|zones)\.[a-z_]+/;

const faults = [];
let browser;
let page;

before(async () => {
  ({ browser, page } = await open(faults));
  await logIn(page);
  await page.waitForSelector(id('nav-incidents'));
});

after(async () => {
  await browser?.close();
});

async function get(path) {
  const answer = await page.request.get(`${SAFE_YOLO_URL}${path}`);
  assert.equal(answer.status(), 200, `${path}: ${await answer.text()}`);
  return answer.json();
}

async function speak(lang) {
  if ((await page.evaluate(() => document.documentElement.lang)) === lang) return;
  await page.click(id('lang-toggle'));
  await page.waitForFunction((to) => document.documentElement.lang === to, lang);
}

/** Opens the screen and waits for what it is for. */
async function shows(name, hash, wanted) {
  await page.evaluate((to) => {
    location.hash = to;
  }, hash);
  for (const lang of ['ko', 'en']) {
    await speak(lang);
    for (const selector of wanted) {
      await page.locator(selector).first().waitFor({ timeout: 30_000 });
    }
    const text = await page.locator('body').evaluate((body) => body.innerText);
    assert.doesNotMatch(text, KEY, `${name} in ${lang}: a text is missing`);
    if (lang === 'en') {
      const words = await page.locator('h1, h2, th, legend').allInnerTexts();
      assert.ok(words.length > 0, `${name} has no heading`);
    }
    if (SAFE_YOLO_SCREENSHOTS) {
      await page.screenshot({ path: `${SAFE_YOLO_SCREENSHOTS}/${name}-${lang}.png` });
    }
  }
}

test('every screen shows what it is for, in both languages', async (t) => {
  let camera;
  let incident;

  await t.test('finds what the incident has left', async () => {
    const { incidents } = await get('/api/incidents?state=resolved');
    incident = incidents.find((one) => one.camera !== null);
    assert.ok(incident, 'there is no resolved incident of a camera');
    camera = incident.camera;
  });

  await t.test('the incident, with the law beside it', () =>
    shows('incident', `#/incident/${incident.id}`, [
      id('incident-page'),
      id('incident-deed'),
      id('incident-event'),
      id('regulations-for'),
    ]),
  );
  await t.test('incidents', () =>
    shows('incidents', '#/incidents', [id('incident-row'), id('precision-row')]),
  );
  await t.test('alarm settings', () => shows('settings', '#/settings', [id('settings-blur')]));
  await t.test('history', () => shows('history', '#/history', [id('history-row')]));
  await t.test('statistics', () =>
    shows('statistics', '#/statistics', [id('stat-summary'), id('chart-time'), id('stat-heat')]),
  );
  await t.test('regulations', () => shows('regulations', '#/regulations', [id('regulation-row')]));
  await t.test('cameras', () => shows('cameras', '#/cameras', [id('camera-row')]));
  await t.test('zones', () => shows('zones', `#/zones/${camera}`, [id('zone-pick')]));
  await t.test('the wall, with checklists', () => shows('wall', '#/wall', [id('checklists')]));

  await t.test(
    'the audit tells what was done to the incident, and its evidence looked at',
    async () => {
      await shows('audit', '#/audit', [id('audit-row')]);
      await page.fill(id('audit-filter-action'), 'case.export');
      await page.click(id('audit-filter-run'));
      const row = page.locator(id('audit-row')).filter({ hasText: incident.id });
      await row.first().waitFor();
      assert.match(await row.first().innerText(), /재발 방지 교육/);
    },
  );

  await t.test('a mute is shown where it mutes, and lifted', async () => {
    await shows('wall-again', '#/wall', [id('tile')]);
    // One that is on the wall's first page.
    const camera = await page.locator(id('tile')).first().getAttribute('data-camera');
    const muted = await page.evaluate(async (of) => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ camera: of, minutes: 15, reason: '정기 점검' });
      return (await fetch('/api/mutes', { method: 'POST', headers, body })).status;
    }, camera);
    assert.ok(muted < 300, `the mute was answered with ${muted}`);
    await shows('muted', '#/wall', [`${id('tile')}[data-camera="${camera}"] ${id('mute-badge')}`]);
    const { mutes } = await get('/api/mutes');
    const lifted = await page.evaluate(
      async (path) => (await fetch(path, { method: 'DELETE' })).status,
      `/api/mutes/${mutes[0].id}`,
    );
    assert.equal(lifted, 200);
    await page.locator(id('mute-badge')).first().waitFor({ state: 'detached' });
  });

  await t.test('acknowledges all that is in front of the operator', async () => {
    const { unacknowledged } = await get('/api/events?limit=1');
    await page.evaluate(() => {
      location.hash = '#/wall';
    });
    if (unacknowledged === 0) return t.diagnostic('SKIPPED: no alarm waits');
    await page.click(id('event-ack-all'));
    await page.fill(id('ack-reason'), '교대 점검');
    const [answer] = await Promise.all([
      page.waitForResponse((r) => r.url().endsWith('/api/events/acknowledge')),
      page.click(id('ack-submit')),
    ]);
    assert.equal(answer.status(), 200, await answer.text());
    assert.ok(answer.request().postDataJSON().ids.length > 0, 'by id, and not whatever waits');
  });

  await t.test('has caused no error in the browser', () => assert.deepEqual(faults, []));
});
