// Pages and collectors that are not as one wishes: old libraries, wrappers of the page's own, pages that scroll by themselves.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Collector, close, end, flush, launch, open, profile, serve, session, track, until } from './support.js';

const SECOND = 1000;
const EVENING = new Date('2026-03-10T20:00:00');

let collector;
let context;
before(launch);
after(close);
beforeEach(async () => {
  collector = await Collector.start();
  context = await profile({ timezoneId: 'Europe/Paris' });
});
afterEach(async () => {
  await end(context).finally(() => collector.stop());
});

/** Tracks on a page that runs `script` first, with the script tag and with the package: all arrives once. */
async function check(script) {
  const before = `<script>${script}</script>`;
  await serve(context, '**/tag', { before });
  const imported = `<script type="module">import { init } from '/index.js';
    window.shopbell = init({ collector: '/collect', site: 'shop' });</script>`;
  const body = `<!doctype html><title>Page</title>${before}${imported}`;
  await context.route('**/package', (route) => route.fulfill({ contentType: 'text/html', body }));
  for (const [place, path] of ['/tag', '/package'].entries()) {
    const page = await open(context, `${collector.url}${path}`);
    await track(page, 'purchase', { transaction_id: `A${place}`, value: 59.9, currency: 'EUR' });
    await flush(page);
    await until('all is acknowledged', async () => (await session(page)).waiting === 0 || flush(page));
    const { dropped, retried, totals } = await session(page);
    assert.deepEqual(
      { dropped, retried, revenue: totals.revenue },
      { dropped: 0, retried: 0, revenue: 59.9 * (place + 1) },
    );
    await page.close();
  }
  const names = (await collector.events()).map(({ name }) => name);
  assert.deepEqual(names.sort(), ['page_view', 'page_view', 'purchase', 'purchase', 'session_start']);
}

test("a member that every object has is nobody's option", () =>
  check('Object.prototype.inject = function () {}; Object.prototype.timeoutMinutes = 0;'));

test('a wrapper of fetch answers with a status alone', () =>
  check(
    'const { fetch } = window; window.fetch = async (...all) => ({ ok: true, status: (await fetch(...all)).status });',
  ));

test('a wrapper of fetch answers with a body that cannot be read', () =>
  check(`const { fetch } = window; window.fetch = async (...all) => {
    const { status } = await fetch(...all);
    return { ok: true, status, headers: new Map(), text: () => Promise.reject(new Error('spoiled')) };
  };`));

/** What is acknowledged of one page's events by a collector that answers so. */
async function acknowledged(answer) {
  await serve(context, '**/answered');
  await context.route('**/collect', (route) => route.fulfill(answer));
  const page = await open(context, `${collector.url}/answered`);
  await flush(page);
  const { sent, waiting } = await session(page);
  await page.close();
  return { sent, waiting };
}

test("a collector's status decides, but for a page over plain http, which may be a portal's", async () => {
  const all = { sent: 2, waiting: 0 };
  assert.deepEqual(await acknowledged({ status: 200, contentType: 'text/html', body: '' }), all);
  assert.deepEqual(await acknowledged({ status: 204, contentType: 'text/html; charset=UTF-8' }), {
    sent: 1,
    waiting: 0,
  });
  assert.deepEqual(await acknowledged({ status: 200, contentType: 'application/json', body: '{"ok":true}' }), {
    sent: 1,
    waiting: 0,
  });
  const portal = await acknowledged({ status: 200, contentType: 'text/html', body: '<h1>Welcome</h1>' });
  assert.deepEqual(portal, { sent: 0, waiting: 1 });
});

test('what a page scrolls by itself is no activity, and what its visitor scrolls is', async () => {
  await serve(context, '**/carousel', { body: '<div style="height: 9000px">tall</div>' });
  const page = await context.newPage();
  await page.clock.install({ time: EVENING });
  await page.goto(`${collector.url}/carousel`);
  await page.waitForFunction(() => window.shopbell?.session());
  const latest = async () => (await session(page)).totals.last_activity_at;
  const scrolled = () =>
    page.evaluate(
      () =>
        new Promise((resolve) => {
          addEventListener('scroll', (event) => resolve(event.isTrusted), { once: true });
          scrollBy(0, 100);
        }),
    );
  const began = await latest();
  await page.clock.fastForward(60 * SECOND);
  assert.equal(await scrolled(), true);
  assert.equal(await latest(), began);
  await page.keyboard.press('ArrowDown');
  const moved = await latest();
  assert.ok(moved >= began + 60 * SECOND, `${moved - began} ms`);
  await page.clock.fastForward(2 * SECOND);
  assert.equal(await scrolled(), true);
  assert.ok((await latest()) >= moved + 2 * SECOND);
  await page.clock.fastForward(10 * SECOND);
  const stopped = await latest();
  assert.equal(await scrolled(), true);
  assert.equal(await latest(), stopped);
});
