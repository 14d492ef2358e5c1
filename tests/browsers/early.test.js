// Pages that are left before they have a tracker: a story told through the inline stub alone comes to the same sessions, events
// and times as through the tracker; what the page sends as it is left, and what the next page's tracker sends, are the same
// events under the same ids. One story a row.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Collector, close, end, flush, launch, profile, ready, session, snippet, until } from './support.js';

const MINUTE = 60_000;
const EVENING = new Date('2026-03-10T20:00:00Z').getTime();

let collector;
let contexts = [];

before(launch);
after(close);
beforeEach(async () => {
  collector = await Collector.start();
  contexts = [];
});
afterEach(async () => {
  for (const context of contexts) await end(context).catch((problem) => assert.fail(problem));
  await collector.stop();
});

/** A profile of its own, whose clock stands still until it is moved, and a tab of it. */
async function visitor({ prepare, time = EVENING } = {}) {
  const context = await profile({ timezoneId: 'UTC' });
  contexts.push(context);
  if (prepare) await context.addInitScript(prepare);
  await context.clock.install({ time });
  await context.clock.pauseAt(time + 1000);
  const tag = (site, script, attributes) =>
    `<script async src="/${script}" data-collector="/collect" data-site="${site}" ${attributes}></script>`;
  await context.route('**/page/**', (route) => {
    const { pathname, searchParams } = new URL(route.request().url());
    const [, , site, script] = pathname.split('/');
    const body = `<!doctype html><title>A page</title>${snippet}${tag(site, script, searchParams.get('attributes') ?? '')}`;
    return route.fulfill({ contentType: 'text/html', body });
  });
  // The script that never comes.
  await context.route('**/never.js', () => {});
  const page = await context.newPage();
  page.tabOf = context;
  await page.goto(`${collector.url}/report/report.css`);
  return { context, page };
}

/** Loads a page, calls the tracker, and leaves it: with its tracker, or before that came. */
async function load(page, site, isEarly, { query = '', referer, calls = '', attributes = '', host } = {}) {
  const origin = host ? collector.url.replace('127.0.0.1', host) : collector.url;
  const path = `${origin}/page/${site}/${isEarly ? 'never.js' : 'shopbell.js'}/p`;
  const parameters = [query, attributes && `attributes=${encodeURIComponent(attributes)}`].filter(Boolean).join('&');
  await page.goto(`${path}${parameters ? `?${parameters}` : ''}`, { referer, waitUntil: 'commit' });
  await page.waitForFunction(() => window.shopbell);
  if (!isEarly) await ready(page);
  await page.evaluate(calls);
}

const leave = (page) => page.goto(`${collector.url}/report/report.css`);

/** All that is told of a site: its sessions, and the events with their sessions' numbers. */
async function outcome(site) {
  const [sessions, events] = [await collector.get(`sessions?site=${site}`), await collector.get(`events?site=${site}`)];
  const numbers = Object.fromEntries(sessions.map(({ id, number }) => [id, number]));
  return {
    sessions: sessions.map((one) => [
      one.number,
      one.reason,
      one.source.source,
      one.source.medium,
      one.landing_page.slice(-2),
      one.started_at,
      one.page_views,
      one.events,
      one.transactions,
      one.revenue,
      one.currency,
    ]),
    events: events
      .map(({ session_id, name, time, title, props }) => [numbers[session_id], time, name, title, props])
      .sort((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other))),
    devices: new Set(sessions.map(({ device_id }) => device_id)).size,
  };
}

/** Waits until a site has so many events, each once. */
async function settled(site, count) {
  await until(`${count} events of ${site}`, async () => (await collector.get(`events?site=${site}`)).length >= count);
  const events = await collector.get(`events?site=${site}`);
  assert.equal(events.length, count, JSON.stringify(events.map(({ name }) => name)));
  assert.equal(new Set(events.map(({ id }) => id)).size, count);
}

/** Flushes until nothing waits, on a clock that stands still. */
const deliver = (page) =>
  until('all is delivered', async () => {
    await flush(page);
    if (!(await session(page)).waiting) return true;
    await page.tabOf.clock.fastForward(2000);
  });

const buy = "shopbell.track('purchase', { transaction_id: 'A1', value: 59.9, currency: 'EUR' });";

/**
 * Plays a story, twice: its `pages` after a page with the tracker (unless it is the device's first), early and not. Each of
 * `pages` begins `after` so many milliseconds. Then comes another page with the tracker.
 */
async function play({ isFirst = false, pages, prepare, events, before = '', host }) {
  const found = {};
  for (const [site, isEarly] of [
    ['early', true],
    ['whole', false],
  ]) {
    const { context, page } = await visitor({ prepare });
    if (!isFirst) {
      await load(page, site, false, { calls: before, host });
      await deliver(page);
      await leave(page);
    }
    for (const { after = MINUTE, ...one } of pages) {
      await context.clock.fastForward(after);
      await load(page, site, isEarly, { host, ...one });
      if (!isEarly) await deliver(page);
      await leave(page);
    }
    if (isEarly && events !== undefined) await settled(site, events);
    const told = isEarly ? await outcome(site) : undefined;
    await context.clock.fastForward(MINUTE);
    await load(page, site, false, { host });
    await deliver(page);
    if (events !== undefined) await settled(site, events + 1);
    const whole = await outcome(site);
    if (isEarly) {
      // What the page told as it was left, its next page's tracker has told again, and not otherwise.
      const texts = whole.events.map((event) => JSON.stringify(event));
      for (const event of told.events)
        assert.ok(texts.includes(JSON.stringify(event)), `${JSON.stringify(event)} is told otherwise`);
    }
    const report = await collector.get(`report?site=${site}`);
    assert.deepEqual(report.gaps, []);
    found[site] = whole;
  }
  assert.deepEqual(found.early.sessions, found.whole.sessions);
  assert.deepEqual(found.early.events, found.whole.events);
  assert.equal(found.early.devices, found.whole.devices);
  return found.early;
}

const reasons = ({ sessions }) => sessions.map(([number, reason, source]) => [number, reason, source]);

test("a device's first visit, by a campaign", async () => {
  const found = await play({
    isFirst: true,
    pages: [{ query: 'utm_source=facebook&utm_medium=cpc', calls: buy }],
    events: 3,
  });
  assert.deepEqual(reasons(found), [[1, 'first', 'facebook']]);
  assert.deepEqual(found.sessions[0].slice(6), [2, 4, 1, 59.9, 'EUR']);
});

test('two early pages one after the other', async () => {
  const pages = [{ query: 'utm_source=facebook', calls: "shopbell.track('view_item', { n: 1 })" }, { calls: buy }];
  assert.deepEqual(reasons(await play({ isFirst: true, pages, events: 5 })), [[1, 'first', 'facebook']]);
});

test('a live session is extended', async () => {
  const found = await play({
    pages: [{ after: 29 * MINUTE, calls: "shopbell.track('view_item')" }, { after: 29 * MINUTE }],
    events: 5,
  });
  assert.deepEqual(reasons(found), [[1, 'first', '(direct)']]);
});

test('a session that is over is followed by another', async () => {
  const found = await play({ pages: [{ after: 31 * MINUTE, calls: buy }], events: 5 });
  assert.deepEqual(reasons(found), [
    [1, 'first', '(direct)'],
    [2, 'inactivity', '(direct)'],
  ]);
});

test('back from PayPal after 40 minutes, with the checkout held open', async () => {
  const pages = [
    { after: 40 * MINUTE, referer: 'https://www.paypal.com/checkoutnow', query: 'utm_source=paypal', calls: buy },
  ];
  const found = await play({ before: 'shopbell.checkoutPending()', pages, events: 4 });
  assert.deepEqual(reasons(found), [[1, 'first', '(direct)']]);
});

test('a checkout is held open by the early page itself', async () => {
  const pages = [
    { calls: 'shopbell.checkoutPending()' },
    { after: 40 * MINUTE, referer: 'https://www.paypal.com/', calls: buy },
  ];
  assert.deepEqual(reasons(await play({ pages, events: 5 })), [[1, 'first', '(direct)']]);
});

test('a new campaign source', async () => {
  const found = await play({ pages: [{ query: 'utm_source=Google&utm_medium=CPC&gclid=x', calls: buy }], events: 5 });
  assert.deepEqual(reasons(found), [
    [1, 'first', '(direct)'],
    [2, 'campaign', 'google'],
  ]);
});

test('the own host with and without www. is no referrer', async () => {
  const referer = `${collector.url.replace('127.0.0.1', 'www.localhost')}/`;
  const found = await play({ isFirst: true, host: 'localhost', pages: [{ referer }], events: 2 });
  assert.deepEqual(reasons(found)[0], [1, 'first', '(direct)']);
});

test("a search engine's host goes by its name", async () => {
  const found = await play({ isFirst: true, pages: [{ referer: 'https://www.google.de/', calls: buy }], events: 3 });
  assert.deepEqual(found.sessions[0].slice(0, 4), [1, 'first', 'google', 'organic']);
});

test('midnight passes', async () => {
  const found = await play({ pages: [{ after: 225 * MINUTE }, { after: 20 * MINUTE, calls: buy }], events: 7 });
  assert.deepEqual(reasons(found), [
    [1, 'first', '(direct)'],
    [2, 'inactivity', '(direct)'],
    [3, 'midnight', '(direct)'],
  ]);
});

test("another zone's midnight passes", async () => {
  const attributes = 'data-midnight="Asia/Kathmandu" data-timeout-minutes="240"';
  const pages = [{ attributes }, { after: 9 * 60 * MINUTE, attributes }];
  assert.equal((await play({ isFirst: true, pages, events: 4 })).sessions.length, 2);
});

test('a line break and other control characters in a campaign', async () => {
  const found = await play({
    isFirst: true,
    pages: [{ query: 'utm_source=a%0Ab%1Ec%00&utm_campaign=x%0D%0Ay', calls: buy }],
    events: 3,
  });
  assert.deepEqual(reasons(found)[0], [1, 'first', 'a b c']);
});

test('one argument that cannot be JSON costs that call alone, and objects are told as they were', async () => {
  const calls = `
    const cycle = {}; cycle.cycle = cycle;
    shopbell.track('cycle', cycle); shopbell.track('big', { n: 1n }); shopbell.track(Symbol('no')); shopbell.track('none', 5);
    const item = { n: 1 }; shopbell.track('view_item', item); item.n = 2; ${buy}`;
  const found = await play({ isFirst: true, pages: [{ calls }], events: 4 });
  assert.deepEqual(found.events.find(([, , name]) => name === 'view_item')[4], { n: 1 });
  const dropped = contexts[0].batches.at(-1).delivery.dropped;
  assert.equal(dropped.invalid, 0, 'they were dropped on another page');
});

test('calls end sessions and page views are counted by hand', async () => {
  const calls = "shopbell.page({ by: 'hand' }); shopbell.newSession(); shopbell.track('after')";
  const found = await play({ pages: [{ calls }], events: 7 });
  assert.deepEqual(reasons(found).at(-1), [2, 'manual', '(direct)']);
});

test('a record of the version before', async () => {
  const older = (page) =>
    page.evaluate(() => (localStorage.shopbell = localStorage.shopbell.replace('shopbell/5', 'shopbell/4')));
  const { context, page } = await visitor();
  await load(page, 'early', false);
  await deliver(page);
  await older(page);
  const { id, device_id } = await session(page);
  await leave(page);
  await context.clock.fastForward(MINUTE);
  await page.evaluate(() => (localStorage.shopbell = localStorage.shopbell.replace('shopbell/5', 'shopbell/4')));
  await load(page, 'early', true, { calls: buy });
  await leave(page);
  await settled('early', 4);
  await load(page, 'early', false);
  await deliver(page);
  await settled('early', 5);
  assert.deepEqual([(await session(page)).id, (await session(page)).device_id], [id, device_id]);
});

test('a record of a later version is left alone, and the device is the same', async () => {
  const { context, page } = await visitor();
  await load(page, 'early', false);
  await deliver(page);
  const { device_id } = await session(page);
  await leave(page);
  const newer = await page.evaluate(
    () => (localStorage.shopbell = localStorage.shopbell.replace(/^shopbell\/5 \d+/, 'shopbell/9 what will be')),
  );
  await context.clock.fastForward(MINUTE);
  await load(page, 'early', true, { calls: buy });
  await leave(page);
  await settled('early', 4);
  await load(page, 'early', false, { calls: "shopbell.track('more')" });
  await deliver(page);
  const { device_id: found } = await session(page);
  assert.equal(found, device_id);
  assert.equal(await page.evaluate(() => localStorage.shopbell), newer);
  const events = await collector.get('events?site=early');
  assert.equal(events.filter(({ name }) => name === 'purchase').length, 1);
});

test('a visitor who opted out: nothing is stored or sent', async () => {
  const prepare = () => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { value: true });
  const { context, page } = await visitor({ prepare });
  await load(page, 'early', true, { calls: buy });
  await leave(page);
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), []);
  assert.deepEqual([context.early, context.batches], [[], []]);
});

for (const [what, prepare] of [
  ['localStorage is null', () => Object.defineProperty(window, 'localStorage', { value: null })],
  [
    'localStorage throws',
    () =>
      Object.defineProperty(window, 'localStorage', {
        get() {
          throw new Error('blocked');
        },
      }),
  ],
])
  test(`${what}: the order arrives`, async () => {
    const { page } = await visitor({ prepare });
    await load(page, 'early', true, { calls: buy });
    await leave(page);
    await settled('early', 3);
    await load(page, 'early', false, { calls: "shopbell.track('more')" });
    await deliver(page);
    await settled('early', 6);
  });

test('where there is no keepalive, a beacon leaves', async () => {
  const prepare = () => delete Request.prototype.keepalive;
  const found = await play({
    isFirst: true,
    prepare,
    pages: [{ query: 'utm_source=facebook', calls: buy }],
    events: 3,
  });
  assert.deepEqual(reasons(found), [[1, 'first', 'facebook']]);
});

for (const [what, prepare] of [
  ['with locks', undefined],
  ['without locks', () => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })],
])
  test(`a post that is lost, ${what}: the next page's tracker sends what was kept`, async () => {
    const { page } = await visitor({ prepare });
    await load(page, 'early', true, { calls: buy });
    await collector.down('SIGKILL');
    await page.goto('about:blank');
    await collector.up();
    assert.deepEqual(await collector.get('events?site=early'), []);
    await load(page, 'early', false);
    // It is taken over in a task of its own, and the page's clock stands still.
    await page.tabOf.clock.runFor(50);
    await deliver(page);
    await settled('early', 4);
  });

for (const script of ['shopbell.js', 'shopbell.split.js'])
  test(`left in the moment ${script} comes`, async () => {
    const { context, page } = await visitor();
    const tag = `<script async src="/${script}" data-collector="/collect" data-site="early" onload="location.assign('/report/report.css')"></script>`;
    const body = `<!doctype html><title>A page</title>${snippet}<script>${buy}</script>${tag}`;
    await context.route('**/moment', (route) => route.fulfill({ contentType: 'text/html', body }));
    await page.goto(`${collector.url}/moment`, { waitUntil: 'commit' }).catch(() => {});
    await page.waitForURL('**/report.css');
    await until('the purchase is there', async () => (await collector.get('events?site=early')).length >= 3);
    await load(page, 'early', false);
    await deliver(page);
    await settled('early', 4);
  });

test('what is called without end is bounded, and what is more is counted', async () => {
  const { page } = await visitor();
  await load(page, 'early', true, {
    calls: "for (let n = 0; n < 5000; n++) shopbell.track('e', { n, text: 'x'.repeat(90) })",
  });
  await leave(page);
  const text = await page.evaluate(() => localStorage['shopbell.early']);
  const { calls, dropped } = JSON.parse(text);
  assert.ok(text.length <= 60_000, `${text.length} characters`);
  assert.ok(calls.length > 100, `${calls.length} calls`);
  assert.equal(calls.length + dropped, 5000);
  await until(
    'they are there',
    async () => (await collector.get('events?site=early&limit=10000')).length >= calls.length + 2,
  );
});

test('an element with the id of the tracker is none', async () => {
  const { context, page } = await visitor();
  await context.route('**/element', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><title>P</title><div id="shopbell"></div>${snippet}<script id="shopbell" async src="/shopbell.js" data-collector="/collect" data-site="early"></script>`,
    }),
  );
  await page.goto(`${collector.url}/element`);
  await ready(page);
  await page.evaluate(buy);
  await deliver(page);
  await settled('early', 3);
});

test('the stub stands in XHTML', async () => {
  const { context, page } = await visitor();
  const tag = '<script async="async" src="/shopbell.js" data-collector="/collect" data-site="early"></script>';
  const head = `<head><title>X</title>${snippet}${tag}</head>`;
  const body = `<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">${head}<body><p>X</p></body></html>`;
  await context.route('**/xhtml', (route) => route.fulfill({ contentType: 'application/xhtml+xml', body }));
  await page.goto(`${collector.url}/xhtml`);
  await ready(page);
  await deliver(page);
  await settled('early', 2);
});

test('every call but flush returns nothing, in stub and handle alike', async () => {
  const { page } = await visitor();
  const returned = () =>
    page.evaluate(() => {
      const calls = [shopbell.track('e'), shopbell.page(), shopbell.newSession(), shopbell.checkoutPending()];
      return [calls.every((value) => value === undefined), shopbell.flush() instanceof Promise];
    });
  await load(page, 'early', true);
  assert.deepEqual(await returned(), [true, true]);
  await load(page, 'early', false);
  assert.deepEqual(await returned(), [true, true]);
});

test("options stand in the script's own URL too", async () => {
  const { context, page } = await visitor();
  const src = '/shopbell.js?v=3&collector=/collect&site=early&timeout-minutes=5';
  await context.route('**/url', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><title>P</title><script async src="${src}"></script>`,
    }),
  );
  const said = [];
  context.on('console', (message) => message.type() === 'warning' && said.push(message.text()));
  await page.goto(`${collector.url}/url`);
  await page.waitForFunction(() => window.shopbell?.session());
  const { expires_at, totals } = await session(page);
  assert.equal(expires_at - totals.last_activity_at, 5 * MINUTE);
  await deliver(page);
  await settled('early', 2);
  assert.deepEqual(said, []);
});
