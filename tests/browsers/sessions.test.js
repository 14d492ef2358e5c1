// Sessions in a real browser, on the real shop, with the page's clock under control.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { deliver, example } from './example.js';
import {
  Collector,
  clocked,
  close,
  EVENING,
  end,
  flush,
  launch,
  open,
  profile,
  ready,
  serve,
  session,
  track,
  until,
} from './support.js';

const MINUTE = 60_000;

let collector;
let context;

before(launch);
after(close);
beforeEach(async () => {
  collector = await Collector.start();
  context = await profile();
});
afterEach(async () => {
  // A collector that is left would keep the suite from ending.
  await end(context).finally(() => collector.stop());
});

/** From here on the clock stands still in Paris until it is moved. */
async function standingStill(time) {
  context = await clocked(context, time);
  await context.clock.pauseAt(new Date(time.getTime() + 1000));
}

/** Opens a page of the shop at a time. */
async function at(time, path) {
  await standingStill(time);
  return open(context, collector.url + path);
}

/** Moves the clock on, which runs no timer longer than it must. */
const pass = (ms) => context.clock.fastForward(ms);

test('the example: an ad, four products in twelve minutes, an order; next evening, direct, eight minutes', async () => {
  await standingStill(EVENING);
  await example(context, collector.url);

  const sessions = await collector.sessions();
  assert.equal(sessions.length, 2);
  const [first, second] = sessions;
  assert.equal(first.number, 1);
  assert.equal(first.reason, 'first');
  assert.equal(first.source.source, 'facebook');
  assert.equal(first.source.channel, 'paid_social');
  assert.equal(first.landing_page, '/p/lamp');
  assert.equal(first.transactions, 1);
  assert.equal(first.revenue, 38);
  assert.equal(first.currency, 'EUR');
  assert.equal(first.funnel_step, 'purchase');
  assert.ok(first.duration_ms >= 12 * MINUTE && first.duration_ms < 13 * MINUTE, `${first.duration_ms} ms`);
  const views = (await collector.events()).filter(
    (event) => event.session_id === first.id && event.name === 'view_item',
  );
  assert.equal(views.length, 4);
  assert.equal(second.number, 2);
  assert.equal(second.reason, 'inactivity');
  assert.equal(second.previous_id, first.id);
  assert.equal(second.device_id, first.device_id);
  assert.equal(second.source.source, '(direct)');
  assert.equal(second.transactions, 0);
  assert.ok(second.duration_ms >= 8 * MINUTE && second.duration_ms < 9 * MINUTE, `${second.duration_ms} ms`);
});

test('29:59.999 without activity is the same session, 30:00.000 a new one', async () => {
  const page = await at(EVENING, '/');
  await track(page, 'one');
  const first = await session(page);
  await pass(30 * MINUTE - 1);
  assert.equal((await session(page)).id, first.id);
  await track(page, 'two');
  assert.equal((await session(page)).id, first.id);
  await pass(30 * MINUTE);
  assert.equal((await session(page)).id, first.id, 'looking is no activity');
  await track(page, 'three');
  const second = await session(page);
  assert.notEqual(second.id, first.id);
  assert.equal(second.reason, 'inactivity');
  assert.equal(second.previous_id, first.id);
  await deliver(context, page);
  const events = (await collector.events()).filter((event) => event.session_id === second.id);
  assert.deepEqual(
    events.map(({ name }) => name),
    ['session_start', 'page_view', 'three'],
  );
});

test("a session ends at midnight in the visitor's zone, and its source goes on", async () => {
  const page = await at(new Date('2026-03-10T22:59:50Z'), '/?utm_source=newsletter&utm_medium=email');
  await context.clock.pauseAt(new Date('2026-03-10T22:59:59Z'));
  await track(page, 'before');
  const first = await session(page);
  assert.equal(first.reason, 'first');
  await pass(2000);
  await track(page, 'behind');
  const second = await session(page);
  assert.equal(second.reason, 'midnight');
  assert.equal(second.number, 2);
  assert.equal(second.source.source, 'newsletter');
});

test('midnight is where the option says', async () => {
  const local = await at(new Date('2026-03-10T22:59:50Z'), '/');
  await serve(context, '**/utc', { attributes: 'data-midnight="UTC" data-storage="memory"' });
  const utc = await open(context, `${collector.url}/utc`);
  const ids = [await session(local), await session(utc)].map(({ id }) => id);
  await pass(30_000);
  await track(local, 'behind');
  await track(utc, 'behind');
  const next = await session(local);
  assert.notEqual(next.id, ids[0]);
  assert.equal(next.reason, 'midnight');
  assert.equal((await session(utc)).id, ids[1]);
});

test('a new utm source begins a session, the same again and a reload do not', async () => {
  // The page's own clock: one that is controlled hides how a document was reached.
  const page = await open(context, `${collector.url}/?utm_source=facebook`);
  const first = await session(page);
  for (const [path, number, source] of [
    ['/?utm_source=FaceBook', 1, 'facebook'],
    ['/p/lamp', 1, 'facebook'],
    ['/p/lamp?utm_source=google&utm_medium=cpc', 2, 'google'],
    ['/p/lamp', 2, 'google'],
  ]) {
    await page.goto(collector.url + path);
    await ready(page);
    const now = await session(page);
    assert.deepEqual([now.number, now.source.source], [number, source], path);
  }
  await page.goto(`${collector.url}/?utm_source=newsletter`);
  await ready(page);
  const third = await session(page);
  assert.equal(third.reason, 'campaign');
  await page.reload();
  await ready(page);
  assert.equal((await session(page)).id, third.id);
  await page.goto(`${collector.url}/p/lamp?utm_source=facebook`);
  await ready(page);
  assert.equal((await session(page)).number, 4);
  await page.goBack();
  await ready(page);
  assert.equal((await session(page)).number, 4, 'going back to a landing page is no campaign');
  assert.notEqual((await session(page)).id, first.id);
});

test('History navigation counts a page view for each page, under its own title', async () => {
  const page = await open(context, `${collector.url}/`);
  await page.click('a[href="/c/kitchen"]');
  await page.click('a[href="/p/teapot"]');
  await page.goBack();
  // Where a page routes on before it has told that it went back, it tells the last of both.
  await until('going back is a view', async () => (await session(page)).totals.page_views === 4);
  await page.evaluate(() => {
    history.replaceState(null, '', '/c/kitchen#top');
    history.pushState(null, '', '/one');
    history.pushState(null, '', '/two');
  });
  await flush(page);
  const views = (await collector.events()).filter(({ name }) => name === 'page_view');
  assert.deepEqual(
    views.map(({ url, title }) => [new URL(url).pathname, title.split(' · ')[0]]),
    [
      ['/', 'Hearth & Loom'],
      ['/c/kitchen', 'Kitchen'],
      ['/p/teapot', 'Stoneware teapot'],
      ['/c/kitchen', 'Kitchen'],
      ['/two', 'Kitchen'],
    ],
  );
});

test('garbage in storage is as if nothing were there', async () => {
  for (const garbage of ['', '{}', 'shopbell/3 1\n', '\u0000', 'x'.repeat(100_000)]) {
    const other = await profile();
    const page = await other.newPage();
    await page.goto(`${collector.url}/clock.js`);
    await page.evaluate((garbage) => {
      localStorage.setItem('shopbell', garbage);
      localStorage.setItem('shopbell.tab.0', garbage);
      localStorage.setItem('shopbell.tab.0.5', garbage);
      localStorage.setItem('other', 'stays');
    }, garbage);
    await page.goto(`${collector.url}/`);
    await ready(page);
    await flush(page);
    assert.equal((await session(page)).number, 1);
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).sort()), [
      'other',
      'shopbell',
      'shopbell.gzip',
    ]);
    await end(other);
  }
});

test('a record that is deleted under a living page is written again', async () => {
  const page = await open(context, `${collector.url}/`);
  const { id } = await session(page);
  await page.evaluate(() => localStorage.clear());
  await track(page, 'one');
  assert.equal((await session(page)).id, id);
  await page.reload();
  await ready(page);
  assert.equal((await session(page)).id, id);
});

test('storage that is blocked means memory, and the session says so', async () => {
  await context.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage']) {
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException('blocked', 'SecurityError');
        },
      });
    }
  });
  const page = await open(context, `${collector.url}/p/lamp`);
  assert.equal((await session(page)).storage, 'memory');
  await page.click('#add');
  await flush(page);
  const names = (await collector.events()).map(({ name }) => name);
  assert.deepEqual(names, ['session_start', 'page_view', 'view_item', 'add_to_cart']);
});

test('storage that is full means memory, and nothing in hand is lost', async () => {
  const page = await open(context, `${collector.url}/`);
  await track(page, 'before');
  await page.evaluate(() => {
    let size = 1 << 20;
    while (size) {
      try {
        localStorage.setItem(`fill${Math.random()}`, 'x'.repeat(size));
      } catch {
        size >>= 1;
      }
    }
  });
  await track(page, 'full');
  assert.equal((await session(page)).storage, 'memory');
  await flush(page);
  const names = (await collector.events()).map(({ name }) => name);
  assert.deepEqual(names, ['session_start', 'page_view', 'view_item_list', 'before', 'full']);
});

test('a session that rolls while storage is full rolls once', async () => {
  const page = await at(EVENING, '/');
  await page.evaluate(() => {
    for (let size = 1 << 20; size; ) {
      try {
        localStorage.setItem(`fill${Math.random()}`, 'x'.repeat(size));
      } catch {
        size >>= 1;
      }
    }
    shopbell.track('full');
  });
  await pass(31 * MINUTE);
  for (const name of ['one', 'two', 'three']) await track(page, name);
  const now = await session(page);
  assert.deepEqual([now.number, now.reason, now.storage], [2, 'inactivity', 'memory']);
});

test('a link within the page, and going back from it, are no page views', async () => {
  const page = await open(context, `${collector.url}/p/lamp`);
  await page.evaluate(() => {
    location.hash = 'reviews';
  });
  await page.goBack();
  await page.waitForFunction(() => location.hash === '');
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  assert.equal((await session(page)).totals.page_views, 1);
});

test('two tabs have one session', async () => {
  const one = await open(context, `${collector.url}/?utm_source=facebook`);
  const two = await open(context, `${collector.url}/p/lamp`);
  assert.equal((await session(one)).id, (await session(two)).id);
  await two.evaluate(() => shopbell.newSession());
  await track(one, 'on');
  assert.equal((await session(one)).id, (await session(two)).id);
  assert.equal((await session(one)).reason, 'manual');
});
