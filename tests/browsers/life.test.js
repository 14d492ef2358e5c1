// A long life: a tab that is idle, a week of events, hundreds of pages. Memory stays, storage has its bound, and a hidden page is
// left alone.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Storefront } from './storefront.js';
import { Collector, clocked, close, end, flush, launch, open, profile, ready, session, until } from './support.js';

const HOUR = 3_600_000;
const MEBIBYTE = 1_048_576;
const PART = process.env.SAMPLE ? 0.1 : 1; // of a life: with all the other suites the long tests are shorter

let collector;
let context;
let shop;
before(launch);
after(close);
beforeEach(async () => {
  collector = await Collector.start();
  shop = await Storefront.start(collector);
  context = await profile();
});
afterEach(async () => {
  await end(context).finally(async () => {
    await shop.stop();
    await collector.stop();
  });
  assert.deepEqual(shop.wire.problems, []);
});

/** Bytes that the page's JavaScript and its module hold, after garbage was collected. */
async function held(page) {
  const devtools = await context.newCDPSession(page);
  await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  await devtools.detach();
  return usedSize;
}

const stored = (page) =>
  page.evaluate(() => Object.entries(localStorage).reduce((sum, [key, text]) => sum + key.length + text.length, 0));

const drained = (page) =>
  until('all is sent', async () => (await flush(page)) ?? (await session(page)).waiting === 0, 60_000);

test('an hour of nothing: no request, no write, no timer', async () => {
  context = await clocked(context);
  await context.addInitScript(() => {
    window.timers = 0;
    const { setTimeout } = window;
    window.setTimeout = (...all) => {
      window.timers += 1;
      return setTimeout(...all);
    };
  });
  const page = await open(context, `${shop.url}/`);
  await drained(page);
  const requests = shop.wire.batches.length;
  const before = await page.evaluate(() => [JSON.stringify({ ...localStorage }), window.timers]);
  await context.clock.runFor(HOUR);
  assert.deepEqual(await page.evaluate(() => [JSON.stringify({ ...localStorage }), window.timers]), before);
  assert.equal(shop.wire.batches.length, requests);
});

test('a hidden page has no timer', async () => {
  await context.addInitScript(() => {
    window.pending = new Set();
    const { setTimeout, clearTimeout } = window;
    window.setTimeout = (action, ms) => {
      const timer = setTimeout(() => {
        window.pending.delete(timer);
        action();
      }, ms);
      window.pending.add(timer);
      return timer;
    };
    window.clearTimeout = (timer) => {
      window.pending.delete(timer);
      clearTimeout(timer);
    };
  });
  const page = await open(context, `${shop.url}/`);
  await drained(page);
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await until('no timer is left', () => page.evaluate(() => window.pending.size === 0));
});

test('a hundred thousand events over a week: memory and storage stay as they were', async () => {
  context = await clocked(context);
  const page = await open(context, `${shop.url}/`);
  const rounds = 100 * PART;
  const week = async (part) => {
    for (let round = 0; round < rounds * part; round += 1) {
      await page.evaluate(() => {
        for (let n = 0; n < 1000; n += 1) shopbell.track('view_item', { n, item_id: 'lamp', price: 59.9 });
      });
      await context.clock.fastForward((7 * 24 * HOUR) / rounds);
      await drained(page);
    }
  };
  await week(0.1);
  const [memory, storage] = [await held(page), await stored(page)];
  await week(0.9);
  const grown = (await held(page)) - memory;
  assert.ok(grown < MEBIBYTE, `${grown} bytes more`);
  assert.ok((await stored(page)) < storage + 1000);
  assert.equal((await session(page)).dropped, 0);
  const events = await collector.events();
  assert.equal(events.filter(({ name }) => name === 'view_item').length, 1000 * rounds);
});

test('five hundred pages in one tab: one session, each page once, and storage as after the first', async () => {
  const page = await open(context, `${shop.url}/`);
  await drained(page);
  const views = 500 * PART;
  const storage = await stored(page);
  for (let view = 1; view < views; view += 1) {
    await page.goto(`${shop.url}/p/${view}`);
    await ready(page);
  }
  await drained(page);
  const events = await collector.settled(views + 1);
  assert.deepEqual(
    events.map(({ seq }) => seq).sort((one, other) => one - other),
    [...Array(views + 1).keys()],
  );
  assert.ok((await stored(page)) < storage + 1000);
});
