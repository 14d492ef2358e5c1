// The same visits in three engines: what a shop sees must not depend on the browser that its visitor has.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { chromium, firefox } from './engines/puppeteer.js';
import { webkit } from './engines/webkit.js';
import { Storefront } from './storefront.js';
import { Collector, snippet, until } from './support.js';

const ENGINES = [
  ['Chromium', chromium, process.env.CHROMIUM || '/usr/bin/chromium'],
  ['Firefox', firefox, process.env.FIREFOX || '/usr/bin/firefox-esr'],
  ['WebKitGTK', webkit, process.env.WEBKIT_DRIVER || '/usr/bin/WebKitWebDriver'],
];
const NOTE_PERSISTED = `<script>addEventListener('pageshow', (event) => (window.isKept = event.persisted));</script>`;
// The tag as a tag manager may insert it, of a script that never comes.
const LATE_TAG = `<script>addEventListener('load', () => {
  const tag = document.createElement('script');
  Object.assign(tag.dataset, { collector: '/collect', site: 'shop' });
  tag.src = '/held.js';
  document.body.append(tag);
});</script>`;
const PAGES = {
  '/two': { before: NOTE_PERSISTED },
  '/kept': { before: NOTE_PERSISTED },
  '/kept/in/memory': { attributes: 'data-storage="memory"', before: NOTE_PERSISTED },
};

let browser;
let collector;
let shop;

const session = (tab) => tab.run(() => shopbell.session());
const track = (tab, name, props) => tab.run((name, props) => void shopbell.track(name, props), name, props);
/** Sends what waits; in time, as an answer comes before the ten seconds after which nobody waits any more. */
async function flush(tab) {
  const began = performance.now();
  await tab.run(() => shopbell.flush());
  assert.ok(performance.now() - began < 9_000, 'flush() has its answer');
}
const ready = (tab) => until('the tracker runs', () => tab.run(() => window.shopbell?.session()).catch(() => null));

/** A document that nobody sees: another tab is in front of it. */
async function openHidden(path) {
  const tab = await open(path, await browser.open('tab'));
  const front = await browser.open('tab');
  await until('the tab is behind another', () => tab.run(() => document.hidden));
  return [tab, front];
}

/** Opens a tab on a path of the shop and waits until its tracker runs. */
async function open(path = '/', tab = null) {
  tab ??= await browser.open();
  await tab.goto(shop.url + path);
  await ready(tab);
  return tab;
}

/** Goes through the tab's history and waits until the page that is there has a tracker. */
async function travel(tab, direction, path) {
  await tab.run((direction) => void setTimeout(() => history[direction]()), direction).catch(() => {});
  const there = () => tab.run((path) => location.pathname === path && document.readyState === 'complete', path);
  await until(`the way ${direction} to ${path}`, () => there().catch(() => false));
  await ready(tab);
}

/** What stands in the stores that every engine's protocol shows. */
const kept = (tab) =>
  tab.run(() =>
    [...Object.keys(localStorage), ...Object.keys(sessionStorage), document.cookie, window.name].filter(Boolean),
  );

const names = (events) => events.map(({ name }) => name).sort();

/** Each tab's events are counted from its first, none left out and none twice. */
function hasNoGap(events) {
  for (const tab of new Set(events.map(({ tab_id }) => tab_id))) {
    const numbers = events.filter(({ tab_id }) => tab_id === tab).map(({ seq }) => seq);
    numbers.sort((one, other) => one - other);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => numbers[0] + index),
    );
  }
}

/** What reached the collector once there are so many, in one session unless it is said otherwise. */
async function arrived(count, { sessions = 1 } = {}) {
  const events = await collector.settled(count);
  hasNoGap(events);
  assert.equal((await collector.sessions()).length, sessions);
  return events;
}

function stories() {
  test('a first page is a session with its landing page', async () => {
    const tab = await open('/?utm_source=facebook&utm_medium=cpc');
    await flush(tab);
    assert.deepEqual(names(await arrived(2)), ['page_view', 'session_start']);
    const [{ landing_page, source, reason }] = await collector.sessions();
    assert.deepEqual([landing_page, source.source, source.channel, reason], ['/', 'facebook', 'paid_social', 'first']);
    assert.equal((await session(tab)).storage, 'local');
    await tab.close();
  });

  test('twenty events and a closed tab: all arrive, with no later visit', async () => {
    const tab = await open();
    await tab.run(() => {
      for (let n = 0; n < 20; n += 1) shopbell.track('view_item', { n });
    });
    await tab.close();
    const events = await arrived(22);
    assert.equal(names(events).filter((name) => name === 'view_item').length, 20);
  });

  test('twenty events and the next page in one task: all arrive, in one session', async () => {
    const tab = await open();
    await tab.run(() => {
      for (let n = 0; n < 20; n += 1) shopbell.track('view_item', { n });
      location.href = '/two';
    });
    await until('the next page', () => tab.run(() => location.pathname === '/two').catch(() => false));
    await ready(tab);
    await flush(tab);
    await arrived(23);
    await tab.close();
  });

  test('a collector that was down gets all once it is up', async () => {
    const tab = await open();
    await flush(tab);
    await collector.down();
    await track(tab, 'purchase', { transaction_id: 'A1', value: 59.9, currency: 'EUR' });
    await flush(tab);
    assert.equal((await session(tab)).waiting, 1);
    await collector.up();
    await until('all is taken', async () => (await flush(tab)) ?? (await session(tab)).waiting === 0, 30_000);
    await arrived(3);
    assert.deepEqual((await collector.sessions())[0].revenue, 59.9);
    await tab.close();
  });

  test('a reload, the same source and none never begin a session, a new source does', async () => {
    const tab = await open('/?utm_source=facebook');
    const { id } = await session(tab);
    await tab.run(() => void setTimeout(() => location.reload())).catch(() => {});
    await until('the page is loaded again', async () => {
      const entry = () => performance.getEntriesByType('navigation')[0].type;
      return (await tab.run(entry).catch(() => '')) === 'reload';
    });
    await ready(tab);
    assert.equal((await session(tab)).id, id);
    await open('/two?utm_source=facebook', tab);
    await open('/three', tab);
    assert.equal((await session(tab)).id, id);
    await open('/?utm_source=newsletter', tab);
    const next = await session(tab);
    assert.deepEqual([next.number, next.reason, next.previous_id], [2, 'campaign', id]);
    await flush(tab);
    await arrived(7, { sessions: 2 });
    await tab.close();
  });

  test('pages that are kept for back and forward go on, their events counted without gap and repeat', async () => {
    const tab = await open('/kept?utm_source=facebook');
    await track(tab, 'one');
    await open('/two', tab);
    await track(tab, 'two');
    await travel(tab, 'back', '/kept');
    assert.equal(await tab.run(() => window.isKept), true, 'the page was kept');
    await track(tab, 'three');
    await travel(tab, 'forward', '/two');
    assert.equal(await tab.run(() => window.isKept), true, 'the page was kept');
    await track(tab, 'four');
    await flush(tab);
    const events = await arrived(9);
    const pages = ['page_view', 'page_view', 'page_view', 'page_view'];
    assert.deepEqual(names(events), ['four', 'one', ...pages, 'session_start', 'three', 'two']);
    await tab.close();
  });

  test('a kept page whose storage is its memory goes on, and its flush has an answer', async () => {
    const tab = await open('/kept/in/memory');
    await track(tab, 'one');
    await open('/two', tab);
    await travel(tab, 'back', '/kept/in/memory');
    assert.equal(await tab.run(() => window.isKept), true, 'the page was kept');
    await track(tab, 'two');
    await until('all is taken', async () => (await flush(tab)) ?? (await session(tab)).waiting === 0);
    const events = await collector.settled(7);
    assert.deepEqual(
      names(events).filter((name) => /one|two/.test(name)),
      ['one', 'two'],
    );
    await tab.close();
  });

  test('a kept page that comes back behind another tab goes on counting where its tab is', async () => {
    const [tab, front] = await openHidden('/kept');
    await open('/two', tab);
    await track(tab, 'two');
    await travel(tab, 'back', '/kept');
    await track(tab, 'three');
    await travel(tab, 'forward', '/two');
    await track(tab, 'four');
    await flush(tab);
    await arrived(8);
    await Promise.all([tab.close(), front.close()]);
  });

  test('four tabs at once on a first visit are one session', async () => {
    const tabs = await Promise.all([0, 1, 2, 3].map(() => browser.open()));
    await Promise.all(tabs.map((tab) => tab.goto(`${shop.url}/`)));
    await Promise.all(tabs.map(ready));
    await Promise.all(tabs.map((tab) => track(tab, 'here')));
    await Promise.all(tabs.map(flush));
    const events = await arrived(9);
    assert.equal(new Set(events.map(({ tab_id }) => tab_id)).size, 4);
    await Promise.all(tabs.map((tab) => tab.close()));
  });

  test('routes are pages: pushState and the hash', async () => {
    const tab = await open();
    await tab.run(() => history.pushState(null, '', '/p/lamp'));
    await tab.run(() => void (location.hash = '#/p/chair'));
    await until('the route is seen', async () => (await session(tab)).totals.page_views === 3);
    await flush(tab);
    const views = (await arrived(4)).filter(({ name }) => name === 'page_view');
    assert.deepEqual(
      views.map(({ url }) => url.slice(shop.url.length)),
      ['/', '/p/lamp', '/p/lamp#/p/chair'],
    );
    await tab.close();
  });

  test('before consent nothing is kept or sent, over three pages of one; then all of it', async () => {
    shop.pages['/asks'] = { attributes: 'data-consent="pending"' };
    const tab = await browser.open();
    await tab.goto(`${shop.url}/asks?utm_source=facebook&utm_medium=cpc`);
    await until('the script has come', () => tab.run(() => !!window.shopbell));
    for (const path of ['/p/lamp', '/p/rug']) {
      await track(tab, 'view_item', { path });
      await tab.run((path) => history.pushState(null, '', path), path);
    }
    await flush(tab);
    assert.deepEqual([await kept(tab), shop.wire.batches], [[], []]);
    await tab.run(() => shopbell.consent('granted'));
    await ready(tab);
    await flush(tab);
    const views = (await arrived(6)).filter(({ name }) => name === 'page_view');
    assert.deepEqual(
      views.map(({ url, consent }) => [new URL(url).pathname, consent]),
      ['/asks', '/p/lamp', '/p/rug'].map((path) => [path, 'pending']),
    );
    const [{ landing_page, source }] = await collector.sessions();
    assert.deepEqual([landing_page, source.source, source.medium], ['/asks', 'facebook', 'cpc']);
    await tab.close();
  });

  test('consent that is taken back in one tab leaves nothing in another', async () => {
    const tabs = [await open(), await open('/two')];
    const { device_id } = await session(tabs[0]);
    await tabs[0].run(() => shopbell.consent('denied'));
    const isLeft = async () => (await Promise.all(tabs.map(kept))).flat().length > 0;
    await until('nothing is left', async () => !(await isLeft()));
    for (const tab of tabs) await track(tab, 'no more');
    await Promise.all(tabs.map(flush));
    assert.equal(await isLeft(), false);
    await tabs[0].run(() => shopbell.consent('granted'));
    await ready(tabs[0]);
    assert.notEqual((await session(tabs[0])).device_id, device_id);
    await Promise.all(tabs.map((tab) => tab.close()));
  });

  for (const [what, script] of [
    ['is not there', `Object.defineProperty(window, 'localStorage', { value: null })`],
    ['may not be asked', `Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } })`],
    ['takes nothing', 'Storage.prototype.setItem = () => { throw new Error("full"); }'],
  ])
    test(`where storage ${what}, all is in memory and arrives`, async () => {
      shop.pages['/'] = { before: `<script>${script};</script>` };
      const tab = await open();
      await track(tab, 'purchase', { transaction_id: 'A1', value: 10, currency: 'EUR' });
      assert.equal((await session(tab)).storage, 'memory');
      await tab.close();
      await arrived(3);
    });

  test('a thousand calls in a loop arrive in at most 21 requests', async () => {
    const tab = await open();
    await tab.run(() => {
      for (let n = 0; n < 1000; n += 1)
        shopbell.track('search', { n, term: 'lamp', results: 12, page: 1, sort: 'price' });
    });
    await until('all is sent', async () => (await flush(tab)) ?? (await session(tab)).waiting === 0);
    await arrived(1002);
    assert.ok(shop.wire.batches.length <= 22, `${shop.wire.batches.length} requests, one of them the first page's`);
    await tab.close();
  });

  test('a page that is left before its script has come is told as if the tracker had been there', async () => {
    // WebKit tells a page that is left before it is loaded nothing, so this one asks for its script then.
    shop.pages['/early'] = { before: snippet, tag: LATE_TAG };
    const tab = await browser.open();
    await tab.goto(`${shop.url}/early?utm_source=facebook`);
    await until('the tag is there', () => tab.run(() => !!document.querySelector('[data-collector]')));
    await track(tab, 'purchase', { transaction_id: 'A1', value: 59.9, currency: 'EUR' });
    await open('/thanks', tab);
    await flush(tab);
    const events = await arrived(4);
    assert.deepEqual(names(events), ['page_view', 'page_view', 'purchase', 'session_start']);
    const [{ source, revenue, landing_page }] = await collector.sessions();
    assert.deepEqual([source.source, revenue, landing_page], ['facebook', 59.9, '/early']);
    await tab.close();
  });
}

/** Tests of one engine, with a browser that is started so. */
function within([name, start, executable], stories) {
  describe(name, { skip: !existsSync(executable) && `there is no ${executable}` }, () => {
    before(async () => {
      browser = await start();
      console.log(`engine: ${name} ${await browser.version()}`);
    });
    after(() => browser.close());
    beforeEach(async () => {
      collector = await Collector.start();
      shop = await Storefront.start(collector, { ...PAGES });
    });
    afterEach(async () => {
      await shop.stop();
      await collector.stop();
      assert.deepEqual(shop.wire.problems, []);
    });
    stories();
  });
}

for (const engine of ENGINES) within(engine, stories);

// WebKitGTK is private wherever it is automated, and contexts of Chromium's tests are.
const [, [FIREFOX, , firefoxPath]] = ENGINES;
const inPrivate = () => firefox({ 'browser.privatebrowsing.autostart': true });
within([FIREFOX, inPrivate, firefoxPath], () => {
  test('a private window asks every site not to be tracked, and is not', async () => {
    const tab = await browser.open();
    await tab.goto(`${shop.url}/?utm_source=facebook`);
    assert.equal(await tab.run(() => navigator.globalPrivacyControl), true);
    await until('the script has come', () => tab.run(() => !!window.shopbell));
    await track(tab, 'purchase', { transaction_id: 'A1', value: 10, currency: 'EUR' });
    await flush(tab);
    assert.deepEqual(await tab.run(() => [shopbell.session() ?? null, Object.keys(localStorage)]), [null, []]);
    await tab.close();
    assert.deepEqual(shop.wire.batches, []);
  });

  test('a private window of a site that may track it is tracked as any', async () => {
    const attributes = 'data-gpc="ignore"';
    Object.assign(shop.pages, { '/': { attributes }, '/two': { attributes } });
    const tab = await open('/?utm_source=facebook');
    const { id } = await session(tab);
    await open('/two', tab);
    assert.equal((await session(tab)).id, id);
    // Firefox may end a site's last process before its requests have left, and a private window has no next visit.
    await flush(tab);
    await tab.close();
    await arrived(3);
  });
});

const withoutStorage = () => firefox({ 'dom.storage.enabled': false });
within([FIREFOX, withoutStorage, firefoxPath], () => {
  test('with storage switched off in the browser, all is in memory and arrives', async () => {
    const tab = await open();
    await track(tab, 'purchase', { transaction_id: 'A1', value: 10, currency: 'EUR' });
    assert.equal((await session(tab)).storage, 'memory');
    await tab.close();
    await arrived(3);
  });
});
