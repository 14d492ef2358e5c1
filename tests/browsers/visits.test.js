// Visits that leave and come back: gateways, closed browsers, copied tabs, pages that are kept, and pages rendered ahead.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import {
  Collector,
  clocked,
  close,
  end,
  flush,
  keepingProfile,
  launch,
  open,
  profile,
  ready,
  serve,
  session,
  snippet,
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

/** Goes to a page of another site and follows its link back to the shop. */
async function returnFrom(page, url, path) {
  const body = `<!doctype html><a href="${collector.url}${path}">back</a>`;
  await context.route(`${url}**`, (route) => route.fulfill({ contentType: 'text/html', body }));
  await page.goto(url);
  await page.click('a');
  await ready(page);
  return session(page);
}

test('a payment gateway neither changes the source nor ends the session, whatever its return URL says', async () => {
  const page = await open(context, `${collector.url}/?utm_source=facebook`);
  const first = await session(page);
  const back = await returnFrom(
    page,
    'http://www.paypal.com/checkoutnow',
    '/thanks?utm_source=paypal&utm_medium=referral',
  );
  assert.equal(back.id, first.id);
  const other = await returnFrom(page, 'http://notpaypal.com/', '/?utm_source=notpaypal');
  assert.deepEqual([other.number, other.reason, other.source.source], [2, 'campaign', 'notpaypal']);
  assert.equal(other.first_touch.source, 'facebook');
});

test('a site adds its bank to the gateways', async () => {
  await serve(context, '**/bank*', { attributes: 'data-gateways="bank.example"' });
  const page = await open(context, `${collector.url}/bank`);
  const { id } = await session(page);
  const back = await returnFrom(page, 'http://secure.bank.example/3ds', '/bank?utm_source=bank');
  assert.equal(back.id, id);
});

test('a pending checkout holds the session open while the visitor is away, and the order is in it', async () => {
  context = await clocked(context);
  const page = await open(context, `${collector.url}/?utm_source=facebook`);
  const { id } = await session(page);
  await page.evaluate(() => shopbell.checkoutPending());
  await context.clock.fastForward(45 * MINUTE);
  await page.goto(`${collector.url}/thanks`);
  await ready(page);
  await track(page, 'purchase', { transaction_id: 'A1', value: 10, currency: 'EUR' });
  const now = await session(page);
  assert.deepEqual([now.id, now.totals.transactions], [id, 1]);
  await context.clock.fastForward(31 * MINUTE);
  await track(page, 'later');
  assert.equal((await session(page)).reason, 'inactivity');
});

for (const [what, query, expected] of [
  ['an abandoned-cart mail', '?utm_source=shop&utm_medium=email', [2, 'inactivity', 'shop']],
  ['a push message', '?utm_source=shop&utm_medium=web_push', [2, 'inactivity', 'shop']],
  ['an ad', '?gclid=x', [2, 'inactivity', 'google']],
  ["the bank's own link", '?utm_source=bank&utm_medium=redirect', [1, 'first', 'facebook']],
])
  test(`a pending checkout without payment, then ${what}`, async () => {
    context = await clocked(context);
    const page = await open(context, `${collector.url}/?utm_source=facebook`);
    await page.evaluate(() => shopbell.checkoutPending());
    await context.clock.fastForward(45 * MINUTE);
    await page.goto(`${collector.url}/${query}`);
    await ready(page);
    const { number, reason, source } = await session(page);
    assert.deepEqual([number, reason, source.source], expected);
  });

test('a session tells the one before it, once, with what that came to', async () => {
  const page = await open(context, `${collector.url}/?utm_source=facebook`);
  await track(page, 'purchase', { transaction_id: 'A1', value: 10, currency: 'EUR' });
  const first = await session(page);
  await page.goto(`${collector.url}/?utm_source=google`);
  await ready(page);
  await track(page, 'one');
  await flush(page);
  await track(page, 'two');
  await flush(page);
  const batches = context.batches.filter((batch) => batch.session.number === 2);
  const told = batches.filter((batch) => batch.session.previous);
  assert.equal(told.length, 1);
  assert.equal(told[0].events[0].name, 'session_start');
  assert.deepEqual(told[0].session.previous, first.totals);
  assert.equal(told[0].session.previous_id, first.id);
});

test('where the site wants it, a session ends when the last tab is gone, and not before', async () => {
  await serve(context, '**/closing', { attributes: 'data-end-on-browser-close="true"' });
  const url = `${collector.url}/closing`;
  const one = await open(context, url);
  const first = await session(one);
  await one.reload();
  await ready(one);
  assert.equal((await session(one)).id, first.id, 'a reload closes nothing');
  const two = await open(context, url);
  assert.equal((await session(two)).id, first.id, 'another tab lives');
  await one.close();
  const three = await open(context, url);
  assert.equal((await session(three)).id, first.id, 'another tab lives still');
  await Promise.all([two.close(), three.close()]);
  const four = await open(context, url);
  const last = await session(four);
  assert.deepEqual([last.number, last.reason, last.previous_id], [2, 'browser_close', first.id]);
  await four.goto(url);
  await ready(four);
  assert.equal((await session(four)).id, last.id, 'the next page of the tab is in it');
});

test('a duplicated tab has a name of its own, and the same session', async () => {
  const page = await open(context, `${collector.url}/`);
  await page.reload();
  await ready(page);
  // A window that a page opens begins with a copy of its sessionStorage, as a duplicated tab does.
  const [copy] = await Promise.all([
    context.waitForEvent('page'),
    page.evaluate(() => void window.open(location.href)),
  ]);
  await ready(copy);
  await Promise.all([track(page, 'original'), track(copy, 'copy')]);
  await Promise.all([flush(page), flush(copy)]);
  assert.equal((await session(page)).id, (await session(copy)).id);
  const events = await collector.events();
  const tabOf = (name) => events.find((event) => event.name === name).tab_id;
  assert.notEqual(tabOf('original'), tabOf('copy'));
  const places = events.map(({ tab_id, seq }) => `${tab_id} ${seq}`);
  assert.equal(new Set(places).size, places.length, 'no place of a tab is taken twice');
});

test('frames of a page that is loaded again have names of their own, each place once', async () => {
  await serve(context, '**/framed', { body: '<iframe src="/frame"></iframe><iframe src="/frame"></iframe>' });
  await serve(context, '**/frame');
  const page = await open(context, `${collector.url}/framed`);
  for (let time = 0; time < 3; time += 1) {
    await page.reload();
    await Promise.all(page.frames().map(ready));
    await Promise.all(page.frames().map((frame) => frame.evaluate(() => shopbell.flush())));
  }
  assert.equal((await session(page)).number, 1);
  const places = (await collector.events()).map(({ tab_id, seq }) => `${tab_id} ${seq}`);
  assert.equal(new Set(places).size, places.length, 'no place of a tab is taken twice');
});

test('a page that is left before the tracker runs leaves its tab the name it had', async () => {
  await serve(context, '**/closing', { attributes: 'data-end-on-browser-close="true"' });
  const page = await open(context, `${collector.url}/closing`);
  const { id } = await session(page);
  await page.goto(`${collector.url}/closing`, { waitUntil: 'commit' });
  await page.evaluate(() => 0);
  await page.goto(`${collector.url}/closing`);
  await ready(page);
  assert.equal((await session(page)).id, id);
  await flush(page);
  // Where the script had come, the page in between is an early one, which is a tab of its own.
  const events = await collector.events();
  assert.equal(events.at(-1).name, 'page_view');
  assert.equal(events.at(-1).tab_id, events[0].tab_id);
});

test('a tab that was asleep for a day comes to the session that is there', async () => {
  context = await clocked(context);
  const asleep = await open(context, `${collector.url}/?utm_source=facebook`);
  const awake = await open(context, `${collector.url}/`);
  await context.clock.fastForward(24 * 60 * MINUTE);
  await awake.goto(`${collector.url}/?utm_source=google`);
  await ready(awake);
  const { id, number } = await session(awake);
  assert.equal(number, 2);
  await track(asleep, 'morning');
  assert.equal((await session(asleep)).id, id);
});

test('a page that the browser kept goes on in its tab: one session, each place once', async () => {
  const keeping = await keepingProfile();
  const page = await open(keeping, `${collector.url}/p/lamp?utm_source=facebook`);
  const { id } = await session(page);
  await page.evaluate(() => (window.isKept = true));
  await page.goto(`${collector.url}/report/`);
  await page.goBack({ waitUntil: 'commit' });
  await until('the page is viewed again', async () => (await session(page)).totals.page_views === 2);
  assert.ok(await page.evaluate(() => window.isKept), 'the browser keeps pages');
  assert.equal((await session(page)).id, id);
  await track(page, 'again');
  await flush(page);
  const events = await collector.events();
  assert.deepEqual(
    events.map(({ name }) => name),
    ['session_start', 'page_view', 'view_item', 'page_view', 'again'],
  );
  assert.equal(new Set(events.map(({ tab_id }) => tab_id)).size, 1);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    [0, 1, 2, 3, 4],
  );
  await end(keeping);
});

for (const [what, before] of [
  ['the tracker', ''],
  ['the stub', snippet],
])
  test(`a page that is rendered ahead tracks and stores nothing until it is seen, and begins then: ${what}`, async () => {
    context = await clocked(context);
    await context.addInitScript(() => {
      window.isAhead = true;
      Object.defineProperty(document, 'prerendering', { get: () => window.isAhead });
    });
    await serve(context, '**/ahead', { before: `${before}<script>window.shopbell?.track('first')</script>` });
    const page = await context.newPage();
    await page.goto(`${collector.url}/ahead`);
    await page.evaluate(() => shopbell.track('early'));
    await context.clock.fastForward(20 * MINUTE);
    assert.deepEqual(await page.evaluate(() => [shopbell.session(), localStorage.length]), [null, 0]);
    const seen = await page.evaluate(() => {
      window.isAhead = false;
      document.dispatchEvent(new Event('prerenderingchange'));
      return Date.now();
    });
    await ready(page);
    await flush(page);
    const events = await collector.events();
    const expected = ['session_start', 'page_view', ...(before ? ['first'] : []), 'early'];
    assert.deepEqual(
      events.map(({ name }) => name),
      expected,
    );
    for (const { name, time } of events) assert.ok(time >= seen, `${name} is told before anybody saw the page`);
    const [{ started_at, duration_ms }] = await collector.sessions();
    assert.ok(started_at >= seen && duration_ms < MINUTE);
  });

test('a tab that stopped while it agreed with others keeps nobody waiting for long', async () => {
  // Somebody who has the turn and does not give it back.
  const stopped = await context.newPage();
  await stopped.goto(`${collector.url}/clock.js`);
  await stopped.evaluate(() => {
    navigator.locks.request('shopbell', () => new Promise((done) => (window.giveBack = done)));
  });
  await stopped.waitForFunction(() => window.giveBack);
  const page = await open(context, `${collector.url}/p/lamp`);
  await track(page, 'one');
  await flush(page);
  assert.deepEqual(
    (await collector.events()).map(({ name }) => name),
    ['session_start', 'page_view', 'view_item', 'one'],
  );
  await stopped.evaluate(() => giveBack());
  await until('the page has its turn', () =>
    page.evaluate(async () => (await navigator.locks.query()).held.some(({ name }) => /^shopbell[.]/.test(name))),
  );
});

test('a page routes through the campaigns of its own banners, which count unless the site says otherwise', async () => {
  await serve(context, '**/banners', { attributes: 'data-internal-campaigns="false"' });
  for (const [path, number] of [
    ['/banners', 1],
    ['/', 2],
  ]) {
    const other = path === '/' ? await profile() : context;
    const page = await open(other, collector.url + path);
    await page.evaluate(() => history.pushState(null, '', '/sale?utm_source=banner'));
    await track(page, 'there');
    assert.equal((await session(page)).number, number, path);
    if (other !== context) await end(other);
  }
});

test('a currency that is none does not fill the storage', async () => {
  const page = await open(context, `${collector.url}/`);
  await track(page, 'purchase', { transaction_id: 'A1', value: 10, currency: 'x'.repeat(4000) });
  const { totals } = await session(page);
  assert.deepEqual([totals.transactions, totals.currency], [1, undefined]);
});
