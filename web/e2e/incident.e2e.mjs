// One incident from its alarm to an exported case, as operators take it through its life. Needs a
// running server: SAFE_YOLO_URL, SAFE_YOLO_USER (an administrator) and SAFE_YOLO_PASSWORD;
// SAFE_YOLO_CASE names the file for the exported case, SAFE_YOLO_SCREENSHOT one for a picture of the
// incident, SAFE_YOLO_CHROMIUM another browser. Any error in the browser's console fails it.
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { id, LIVE_MS, logIn, open, STEP_MS } from './browser.mjs';

const { SAFE_YOLO_URL, SAFE_YOLO_USER, SAFE_YOLO_CASE, SAFE_YOLO_SCREENSHOT } = process.env;
const SOURCE = 'sim://helmets?seed=1';
/** A clip ends ten seconds after its alarm, which may last a while. */
const CLIP_MS = 120_000;

const faults = [];
let browser;
let page;

before(async () => {
  assert.ok(SAFE_YOLO_CASE, 'SAFE_YOLO_CASE is not set: name the file for the exported case');
  ({ browser, page } = await open(faults));
});

after(async () => {
  await browser?.close();
});

/** Takes a step on the page of the incident and answers the incident as the server has it then. */
async function take(step, fill) {
  await page.click(id(`step-${step}`));
  await fill?.();
  const [answer] = await Promise.all([
    page.waitForResponse((r) => r.request().method() === 'POST' && r.url().endsWith(`/${step}`)),
    page.click(id('step-submit')),
  ]);
  assert.equal(answer.status(), 200, `${step}: ${await answer.text()}`);
  return answer.json();
}

const inState = (state) => page.waitForSelector(`${id('incident-page')}[data-state="${state}"]`);

test('an incident goes from its alarm to an exported case', async (t) => {
  const get = async (path) => {
    const answer = await page.request.get(`${SAFE_YOLO_URL}${path}`);
    assert.equal(answer.status(), 200, `${path}: ${await answer.text()}`);
    return answer.json();
  };
  let camera;
  let incident;
  let event;

  await t.test('logs in and adds a camera with a danger zone', async () => {
    await logIn(page);
    await page.waitForSelector(id('nav-incidents'));
    // The page's own session: its origin goes along, as with every change that a page makes.
    const post = (path, body) =>
      page.evaluate(
        async ([to, sent]) => {
          const headers = { 'content-type': 'application/json' };
          const init = { method: 'POST', headers, body: JSON.stringify(sent) };
          const answer = await fetch(to, init);
          return { status: answer.status, body: await answer.json() };
        },
        [path, body],
      );
    const added = await post('/api/cameras', { name: '사건 시험 카메라', source: SOURCE });
    assert.equal(added.status, 201, JSON.stringify(added.body));
    camera = added.body.id;
    const zone = await post('/api/zones', {
      camera,
      name: '사건 시험 구역',
      type: 'danger',
      points: [
        [0.02, 0.4],
        [0.98, 0.4],
        [0.98, 0.98],
        [0.02, 0.98],
      ],
      require: ['helmet'],
    });
    assert.equal(zone.status, 201, JSON.stringify(zone.body));
  });

  await t.test('is told of it once, beside the wall and by a pop-up', async () => {
    await page.click(id('nav-wall'));
    const row = page.locator(
      `${id('incident')}[data-camera="${camera}"][data-state="raised"]:not([data-type="system"])`,
    );
    await row.first().waitFor({ timeout: LIVE_MS });
    incident = await row.first().getAttribute('data-incident');
    await page.waitForSelector(id('alarm-popup'));
    assert.equal(await page.locator(`${id('incident')}[data-incident="${incident}"]`).count(), 1);
  });

  await t.test('opens it and plays its clip, which starts before the alarm', async () => {
    await page
      .locator(`${id('incident')}[data-incident="${incident}"] ${id('incident-open')}`)
      .click();
    await page.waitForSelector(`${id('incident-page')}[data-incident="${incident}"]`);
    // The first camera pictures are the first of the clip, too: an alarm right then has none before.
    const chosen = page.locator(`${id('incident-event')}[data-clip="stored"]`).first();
    await chosen.waitFor({ timeout: CLIP_MS });
    event = await chosen.getAttribute('data-event-id');
    await chosen.click();
    const video = page.locator(id('clip-video'));
    await video.waitFor();
    await page.waitForFunction(
      (at) => document.querySelector(at)?.readyState >= 2,
      id('clip-video'),
    );
    const { details, start } = await get(`/api/events/${event}`);
    assert.ok(
      Date.parse(details.clip.start) < Date.parse(start),
      `the clip starts at ${details.clip.start}, the alarm at ${start}`,
    );
    assert.ok(details.clip.before_s > 0, `before_s is ${details.clip.before_s}`);
    await video.evaluate((film) => film.play());
    await page.waitForFunction(
      (at) => document.querySelector(at)?.currentTime > 0.5,
      id('clip-video'),
    );
    await page.waitForFunction(
      (at) => Number(document.querySelector(at)?.dataset.pictures) > 0,
      id('clip-boxes'),
    );
    await page.click(id('clip-alarm'));
    const at = await video.evaluate((film) => film.currentTime);
    assert.ok(at >= details.clip.before_s - 0.5, `the mark leads to ${at} s`);
  });

  await t.test('acknowledges it with a reason', async () => {
    assert.equal(await page.getAttribute(id('step-resolve'), 'data-allowed'), 'false');
    const taken = await take('acknowledge', () => page.fill(id('step-text'), '현장 확인 중'));
    assert.equal(taken.acknowledged.by, SAFE_YOLO_USER);
    assert.equal(taken.acknowledged.reason, '현장 확인 중');
  });

  await t.test('is told when somebody else was faster', async () => {
    const state = await page.getAttribute(id('incident-page'), 'data-state');
    if (state === 'raised') await take('acknowledge');
    await inState('acknowledged');
    await page.click(id('step-assign'));
    await page.fill(id('step-to'), '김 반장');
    const other = await page.evaluate(async (path) => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ to: '이 반장', note: '' });
      return (await fetch(path, { method: 'POST', headers, body })).status;
    }, `/api/incidents/${incident}/assign`);
    assert.equal(other, 200);
    await page.click(id('step-submit'));
    await page.getByText('이 반장 담당으로 지정했습니다').waitFor();
    const refused = faults.findIndex((fault) => fault.includes('409'));
    assert.notEqual(refused, -1, 'the browser notes the refusal');
    faults.splice(refused, 1);
  });

  /** No alarm of the zone must last when it is resolved: the zone is switched off. */
  await t.test('assigns it once the zone is quiet', async () => {
    const { zones } = await get(`/api/zones?camera=${camera}`);
    const status = await page.evaluate(async (path) => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ active: false });
      return (await fetch(path, { method: 'PATCH', headers, body })).status;
    }, `/api/zones/${zones[0].id}`);
    assert.equal(status, 200);
    await assert.doesNotReject(async () => {
      for (const until = Date.now() + STEP_MS; ; ) {
        const { open_events: open } = await get(`/api/incidents/${incident}`);
        if (open === 0) return;
        if (Date.now() > until) throw new Error(`${open} alarms still last`);
        await page.waitForTimeout(250);
      }
    });
    // An alarm more may have come meanwhile.
    const { state } = await get(`/api/incidents/${incident}`);
    await inState(state);
    if (state === 'raised') await take('acknowledge');
    const taken = await take('assign', () => page.fill(id('step-to'), '김 반장'));
    assert.equal(taken.assigned.to, '김 반장');
    await inState('assigned');
  });

  await t.test('resolves it', async () => {
    await page.waitForSelector(`${id('step-resolve')}[data-allowed="true"]`);
    const taken = await take('resolve', () => page.fill(id('step-text'), '방호문을 닫음'));
    assert.equal(taken.state, 'resolved');
    await inState('resolved');
    await page.locator(`${id('incident-deed')}[data-deed="resolved"]`).waitFor();
    const { log } = await get(`/api/incidents/${incident}`);
    const deeds = log.map(({ deed }) => deed);
    for (const deed of ['acknowledged', 'assigned', 'resolved']) {
      assert.ok(deeds.includes(deed), `${deed} is missing in ${deeds}`);
    }
  });

  await t.test('reads the same in Korean and English', async () => {
    const button = page.locator(id('step-reopen'));
    assert.match(await button.textContent(), /다시 열기/);
    if (SAFE_YOLO_SCREENSHOT) await page.screenshot({ path: SAFE_YOLO_SCREENSHOT });
    await page.click(id('lang-toggle'));
    await page.waitForFunction(() => document.documentElement.lang === 'en');
    assert.match(await button.textContent(), /Reopen/);
    const left = await page.locator('main').evaluate((main) => main.innerText);
    assert.doesNotMatch(left, /\b(inc|step|clip|deed|doubt)\.[a-z]+/, 'a word is missing');
    await page.click(id('lang-toggle'));
    await page.waitForFunction(() => document.documentElement.lang === 'ko');
  });

  await t.test('exports the case', async () => {
    const [prepared] = await Promise.all([
      page.waitForResponse((r) => r.url().endsWith(`/${incident}/export/prepare`)),
      page.click(id('step-export')),
    ]);
    assert.equal(prepared.status(), 204, 'clips are made while the reason is written');
    await page.click(id('export-submit'));
    await page.getByText('내보내는 사유를 입력하십시오').waitFor();
    await page.fill(id('export-reason'), '재발 방지 교육');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click(id('export-submit')),
    ]);
    await page.locator(id('export-done')).waitFor();
    assert.match(download.suggestedFilename(), /\.zip$/);
    await download.saveAs(SAFE_YOLO_CASE);
    assert.ok((await stat(SAFE_YOLO_CASE)).size > 0, `${SAFE_YOLO_CASE} is empty`);
    await page.keyboard.press('Escape');
  });

  await t.test('finds it among the incidents, with its rule judged', async () => {
    await page.click(id('nav-incidents'));
    await page.selectOption(id('incident-filter-state'), 'resolved');
    await page.locator(`${id('incident-row')}[data-incident="${incident}"]`).waitFor();
    await page.locator(id('precision-row')).first().waitFor();
  });

  await t.test('has caused no error in the browser', () => assert.deepEqual(faults, []));
});
