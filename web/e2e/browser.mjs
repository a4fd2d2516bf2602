// A browser for the tests against a running server: SAFE_YOLO_URL, SAFE_YOLO_USER (an administrator)
// and SAFE_YOLO_PASSWORD name it, SAFE_YOLO_CHROMIUM another browser.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const { SAFE_YOLO_URL, SAFE_YOLO_USER, SAFE_YOLO_PASSWORD } = process.env;
const CHROMIUM = process.env.SAFE_YOLO_CHROMIUM ?? '/usr/bin/chromium';
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
export const STEP_MS = 60_000;
/** Opening a source, loading a model and the first analysis may take a while on a small machine. */
export const LIVE_MS = 60_000;

export const id = (name) => `[data-testid="${name}"]`;

/** A page in Korean; `faults` gathers what goes wrong in it. */
export async function open(faults) {
  assert.ok(SAFE_YOLO_URL, 'SAFE_YOLO_URL is not set: give the address of a running server');
  assert.ok(
    SAFE_YOLO_USER && SAFE_YOLO_PASSWORD,
    'SAFE_YOLO_USER or SAFE_YOLO_PASSWORD is not set',
  );
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
  const viewport = { width: 1600, height: 900 };
  const page = await browser.newPage({ viewport, locale: 'ko-KR', acceptDownloads: true });
  page.setDefaultTimeout(STEP_MS);
  page.on('pageerror', (error) => faults.push(`page error: ${error.stack ?? error}`));
  page.on('console', (message) => {
    if (message.type() === 'error') {
      faults.push(`console: ${message.text()} (${message.location().url})`);
    }
  });
  return { browser, page };
}

export async function logIn(page) {
  await page.goto(SAFE_YOLO_URL);
  await page.fill(id('login-username'), SAFE_YOLO_USER);
  await page.fill(id('login-password'), SAFE_YOLO_PASSWORD);
  await page.click(id('login-submit'));
}
