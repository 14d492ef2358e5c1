// Pages and collectors that are not as one wishes: old libraries, wrappers of the page's own, pages that scroll by themselves.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import {
  Collector,
  clocked,
  close,
  end,
  flush,
  launch,
  open,
  profile,
  serve,
  session,
  snippet,
  track,
  until,
} from './support.js';

const SECOND = 1000;

let collector;
let context;
before(launch);
after(close);
beforeEach(async () => {
  collector = await Collector.start();
  context = await profile();
});
afterEach(async () => {
  await end(context).finally(() => collector.stop());
});

const ITEMS = [{ item_id: 'lamp', price: 59.9 }];

/** Tracks on a page that has this in front, with the script tag and with the package: all arrives once, as it was told. */
async function check(before, { attributes = '' } = {}) {
  await serve(context, '**/tag', { before, attributes });
  const imported = `<script type="module">import { init } from '/index.js';
    window.shopbell = init({ collector: '/collect', site: 'shop' });</script>`;
  const body = `<!doctype html><title>Page</title>${before}${imported}`;
  await context.route('**/package', (route) => route.fulfill({ contentType: 'text/html', body }));
  for (const [place, path] of ['/tag', '/package'].entries()) {
    const page = await open(context, `${collector.url}${path}`);
    await track(page, 'purchase', { transaction_id: `A${place}`, value: 59.9, currency: 'EUR', items: ITEMS });
    await page.evaluate(() => history.pushState?.(null, '', '/route'));
    await page.evaluate(() => shopbell.track('later'));
    await flush(page);
    await until('all is acknowledged', async () => (await session(page)).waiting === 0 || flush(page));
    const { dropped, retried, totals } = await session(page);
    assert.deepEqual(
      { dropped, retried, revenue: totals.revenue },
      { dropped: 0, retried: 0, revenue: 59.9 * (place + 1) },
    );
    await page.close();
  }
  const events = await collector.events();
  const names = events.map(({ name }) => name).filter((name) => name !== 'page_view');
  assert.deepEqual(names.sort(), ['later', 'later', 'purchase', 'purchase', 'session_start']);
  assert.ok(events.length - names.length >= 2, 'the pages are counted');
  for (const { name, props } of events) if (name === 'purchase') assert.deepEqual(props.items, ITEMS);
  return events;
}

/** The same, where the page is left before it has a tracker: the stub keeps what is called, and the collector reads it. */
async function checkStub(before) {
  await serve(context, '**/tag', {});
  await serve(context, '**/early', {
    before: before + snippet,
    tag: '<i data-collector="/collect" data-site="shop"></i>',
  });
  const page = await context.newPage();
  for (const order of ['A', 'B']) {
    await page.goto(`${collector.url}/early`);
    await track(page, 'purchase', { transaction_id: order, value: 59.9, currency: 'EUR', items: ITEMS });
  }
  await page.goto('about:blank');
  const names = async () => (await collector.events()).map(({ name }) => name).sort();
  await until('all is stored', async () => (await collector.events()).length === 5);
  const expected = ['page_view', 'page_view', 'purchase', 'purchase', 'session_start'];
  assert.deepEqual(await names(), expected);
  // What the next page's tracker finds in storage is the same.
  const next = await open(context, `${collector.url}/tag`);
  await flush(next);
  assert.deepEqual(await names(), [...expected, 'page_view'].sort());
  for (const { name, props } of await collector.events()) if (name === 'purchase') assert.deepEqual(props.items, ITEMS);
}

const script = (code) => `<script>${code}</script>`;

test("a member that every object has is nobody's option", () =>
  check(script('Object.prototype.inject = function () {}; Object.prototype.timeoutMinutes = 0;')));

test('a wrapper of fetch answers with a status alone', () =>
  check(
    script(
      'const { fetch } = window; window.fetch = async (...all) => ({ ok: true, status: (await fetch(...all)).status });',
    ),
  ));

test('a wrapper of fetch answers with a body that cannot be read', () =>
  check(
    script(`const { fetch } = window; window.fetch = async (...all) => {
    const { status } = await fetch(...all);
    return { ok: true, status, headers: new Map(), text: () => Promise.reject(new Error('spoiled')) };
  };`),
  ));

// Each is a page that was met, or a neighbour of one.
for (const [what, code] of [
  [
    'arrays become texts',
    `Array.prototype.toJSON = function () { return '[' + this.map((one) => JSON.stringify(one)).join() + ']'; };`,
  ],
  ['arrays become objects', `Array.prototype.toJSON = function () { return { ...this }; };`],
  [
    'arrays have other entries',
    'Array.prototype.entries = () => []; Array.prototype.first = function () { return this[0]; };',
  ],
  ['JSON is indented', 'const { stringify } = JSON; JSON.stringify = (value, how) => stringify(value, how, 2);'],
  [
    'JSON is indented by tabs',
    `const { stringify } = JSON; JSON.stringify = (value, how) => stringify(value, how, '\\t');`,
  ],
  [
    'screen and crypto are its own',
    'var screen = null; Object.defineProperty(window, "crypto", { value: undefined });',
  ],
  ['performance is its own', 'var performance = { mark() {} };'],
  ['performance is hidden by a name of its own', 'let performance = "fast";'],
  ['performance is undefined', 'window.performance = undefined;'],
  ['screen is a list, and there is no idle time', 'let screen = []; delete window.requestIdleCallback;'],
  ['there is no queueMicrotask and no AbortController', 'delete window.queueMicrotask; delete window.AbortController;'],
  ['queueMicrotask does nothing', 'window.queueMicrotask = () => {};'],
  ['Intl throws', 'Intl.DateTimeFormat = function () { throw new Error("no"); }; delete window.Temporal;'],
  ['Intl is missing', 'window.Intl = undefined; window.Temporal = undefined;'],
  ['locks throw at once', 'LockManager.prototype.request = () => { throw new Error("no"); };'],
  ['locks refuse', 'LockManager.prototype.query = () => Promise.reject(new Error("no"));'],
  [
    'timers lose further arguments',
    'const { setTimeout } = window; window.setTimeout = (action, ms) => setTimeout(() => action(), ms);',
  ],
  [
    'timers give further arguments',
    'const { setTimeout } = window; window.setTimeout = (action, ms) => setTimeout(() => action(5, "x"), ms);',
  ],
  ['history is frozen', 'Object.freeze(history); Object.freeze(History.prototype);'],
  [
    'pushState is not writable',
    `Object.defineProperty(History.prototype, 'pushState', { value: History.prototype.pushState });`,
  ],
]) {
  test(`a page on which ${what}`, () => check(script(code)));
  if (/arrays|JSON|crypto|performance/.test(what)) {
    test(`the stub on a page on which ${what}`, () => checkStub(script(code)));
  }
}

for (const [what, html] of [
  ['title', '<form name="title"></form>'],
  ['currentScript', '<img name="currentScript" alt="">'],
  ['referrer', '<img name="referrer" alt="">'],
  ['visibilityState and body', '<form name="visibilityState"></form><img name="body" alt="">'],
  ['shopbell', '<div id="shopbell"></div>'],
  ['shopbell, twice', '<form id="shopbell"><input name="track"></form><p id="shopbell"></p>'],
])
  test(`a page with an element that is named like ${what}`, () => check(html));

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
  context = await clocked(context);
  await serve(context, '**/carousel', { body: '<div style="height: 9000px">tall</div>' });
  const page = await context.newPage();
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

test('storage that keeps nothing and says nothing is no storage', async () => {
  for (const code of ['Storage.prototype.setItem = () => {};', 'Storage.prototype.getItem = () => null;']) {
    const other = await profile();
    await serve(other, '**/bare', { before: script(code) });
    const page = await open(other, `${collector.url}/bare`);
    assert.equal((await session(page)).storage, 'memory');
    await end(other);
  }
});

// Each gives a page a frame, whose tag has the collector's URL.
for (const [what, frameOf] of [
  [
    'srcdoc',
    (frame, tag) => {
      frame.srcdoc = tag;
    },
  ],
  [
    'about:blank, written from outside',
    (frame, tag) => {
      frame.contentDocument.write(tag);
      frame.contentDocument.close();
    },
  ],
  [
    'a blob',
    (frame, tag) => {
      frame.src = URL.createObjectURL(new Blob([tag], { type: 'text/html' }));
    },
  ],
])
  test(`a frame without an address of its own is no arrival from its own page: ${what}`, async () => {
    const tag = `<script src="${collector.url}/shopbell.js" data-collector="${collector.url}/collect" data-site="shop"></script>`;
    const give = `(${frameOf})(document.querySelector('iframe'), ${JSON.stringify(tag).replaceAll('<', '\\x3c')})`;
    await context.route('**/outer', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<!doctype html><iframe></iframe><script>${give}</script>` }),
    );
    const page = await context.newPage();
    await page.goto(`${collector.url}/outer`);
    const [, inner] = page.frames();
    await inner.waitForFunction(() => window.shopbell?.session());
    const { source, first_touch } = await inner.evaluate(() => shopbell.session());
    assert.deepEqual([source.source, first_touch.source], ['(direct)', '(direct)']);
  });

test('a page that is written anew is still left', async () => {
  await serve(context, '**/bare');
  const page = await open(context, `${collector.url}/bare`);
  await page.evaluate(() => {
    document.open();
    document.write('<p>anew</p>');
    document.close();
    shopbell.track('later');
  });
  await page.close({ runBeforeUnload: true });
  await collector.settled(3);
});

test('a route in the fragment is the landing page', async () => {
  await serve(context, '**/');
  const page = await open(context, `${collector.url}/#/p/lamp?utm_source=newsletter`);
  await page.evaluate(() => void (location.hash = '#!/p/chair'));
  await until('the route is seen', async () => (await session(page)).totals.page_views === 2);
  const { landing_page, source } = await session(page);
  assert.deepEqual([landing_page, source.source], ['/#/p/lamp', 'newsletter']);
});

test('routes that a page takes by the prototype, or leaves again within their task, are counted as seen', async () => {
  await serve(context, '**/bare');
  const page = await open(context, `${collector.url}/bare`);
  await page.evaluate(() => {
    history.pushState(null, '', '/never');
    history.replaceState(null, '', '/bare');
  });
  await page.evaluate(() => History.prototype.pushState.call(history, null, '', '/route'));
  await until('the route is seen', async () => (await session(page)).totals.page_views === 2);
  await flush(page);
  const views = (await collector.settled(3)).filter(({ name }) => name === 'page_view');
  assert.deepEqual(
    views.map(({ url }) => new URL(url).pathname),
    ['/bare', '/route'],
  );
});

for (const status of [415, 400, 403, 406])
  test(`compressed batches that a proxy refuses with ${status} go as they are, from then on`, async () => {
    let refused = 0;
    await context.route('**/collect', (route) => {
      if (route.request().postDataBuffer()[0] !== 0x1f) return route.continue();
      refused += 1;
      return route.fulfill({ status });
    });
    await serve(context, '**/bare');
    for (let visit = 0; visit < 3; visit += 1) {
      const page = await open(context, `${collector.url}/bare`);
      for (let time = 0; time < 2; time += 1) {
        await track(page, 'later');
        await flush(page);
      }
      const { dropped, waiting, retried } = await session(page);
      assert.deepEqual([dropped, waiting, retried], [0, 0, 0]);
      await page.close();
    }
    assert.equal(refused, 1);
    context.batches.length = 0;
    await collector.settled(1 + 3 * 3);
  });

test("an answer of a service worker's own making acknowledges nothing, where the collector says who it is", async () => {
  const worker = `self.addEventListener('install', () => skipWaiting());
    self.addEventListener('activate', (event) => event.waitUntil(clients.claim()));
    let isDead; self.onmessage = ({ data }) => (isDead = data);
    self.addEventListener('fetch', (event) => isDead && event.respondWith(new Response('you are offline')));`;
  await serve(context, '**/bare');
  await context.route('**/worker.js', (route) => route.fulfill({ contentType: 'text/javascript', body: worker }));
  const page = await open(context, `${collector.url}/bare`);
  await flush(page);
  const tell = (isDead) =>
    page.evaluate(async (isDead) => {
      await navigator.serviceWorker.register('/worker.js');
      const { active } = await navigator.serviceWorker.ready;
      active.postMessage(isDead);
      while (!navigator.serviceWorker.controller) await new Promise((resolve) => setTimeout(resolve, 20));
    }, isDead);
  await tell(true);
  await track(page, 'purchase', { transaction_id: 'A1', value: 10, currency: 'EUR' });
  await flush(page);
  assert.equal((await session(page)).waiting, 1);
  await tell(false);
  await until('all is acknowledged', async () => (await session(page)).waiting === 0 || flush(page));
  await collector.settled(3);
});

test('what a tab leaves is taken over once its lock comes free, by one that is in view all the while', async () => {
  await serve(context, '**/bare');
  const dies = await open(context, `${collector.url}/bare`);
  // The one that stays looks around as it begins, and the other lives.
  await open(context, `${collector.url}/bare`);
  await collector.down();
  await track(dies, 'left behind');
  await dies.close({ runBeforeUnload: true });
  await collector.up();
  await until(
    'it is taken over',
    async () => (await collector.events().catch(() => [])).some(({ name }) => name === 'left behind'),
    60_000,
  );
});

test("a page's own collections, which are no arrays, say themselves what they are as JSON", async () => {
  await serve(context, '**/bare', { before: script("Array.prototype.toJSON = () => 'no';") });
  const page = await open(context, `${collector.url}/bare`);
  await page.evaluate(() => {
    class Collection {
      inside = [1, 2];
      pop() {}
      at() {}
      toJSON() {
        return { size: 2 };
      }
    }
    shopbell.track('listed', { models: new Collection(), made: new Date(0), ids: [1, 2] });
  });
  await flush(page);
  const { props } = (await collector.settled(3)).find(({ name }) => name === 'listed');
  assert.deepEqual(props, { models: { size: 2 }, made: '1970-01-01T00:00:00.000Z', ids: [1, 2] });
});

// With the tag alone: the package is unpacked by a Blob.
for (const own of ['undefined', 'function () {}', 'class { text() { return { size: 9e9 }; } }'])
  test(`Blob is ${own}: an order arrives, though a request fails on the way`, async () => {
    await serve(context, '**/tag', { before: script(`window.Blob = ${own};`) });
    const page = await open(context, `${collector.url}/tag`);
    await context.route('**/collect', (route) => route.abort(), { times: 1 });
    await track(page, 'purchase', { transaction_id: 'A1', value: 59.9, currency: 'EUR', items: ITEMS });
    await until('all is acknowledged', async () => {
      await flush(page);
      return !(await session(page)).waiting;
    });
    const { retried, dropped, totals } = await session(page);
    assert.deepEqual({ retried, dropped, revenue: totals.revenue }, { retried: 1, dropped: 0, revenue: 59.9 });
    await collector.settled(3);
  });
