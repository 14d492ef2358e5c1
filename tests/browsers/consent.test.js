// What the visitor wants: nothing before consent, nothing left after it is taken back, and what the site may ask instead. What the
// browser keeps is asked of the browser, by its own protocol.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { GVL, TCModel, TCString } from '@iabtcf/core';
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
  root,
  serve,
  serveFrontEnd,
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
  await end(context).finally(() => collector.stop());
});

/** A page of these attributes at any URL, with its title. */
const pages = (attributes, more = {}) => serve(context, '**/page/**', { attributes, ...more });

/** What the browser keeps for the shop's origin, of anybody's. */
async function kept(page) {
  const devtools = await context.newCDPSession(page);
  const securityOrigin = collector.url;
  const items = async (isLocalStorage) =>
    (await devtools.send('DOMStorage.getDOMStorageItems', { storageId: { securityOrigin, isLocalStorage } })).entries;
  const { usageBreakdown } = await devtools.send('Storage.getUsageAndQuota', { origin: collector.url });
  const { cookies } = await devtools.send('Network.getAllCookies');
  const { entries } = await devtools.send('Page.getNavigationHistory');
  const { result } = await devtools.send('Runtime.evaluate', {
    expression: 'JSON.stringify([window.name, history.state, performance.memory && typeof WebAssembly])',
  });
  const [name, state] = JSON.parse(result.value);
  const found = {
    local: await items(true),
    session: await items(false),
    used: usageBreakdown.filter(({ usage, storageType }) => usage && storageType !== 'local_storage'),
    cookies,
    name,
    state,
  };
  await devtools.detach();
  assert.ok(entries.length);
  return found;
}

const NOTHING = { local: [], session: [], used: [], cookies: [], name: '', state: null };

/** Requests to the collector, and for the module. */
function requests() {
  const made = [];
  context.on('request', (request) => {
    if (/\/collect|\.wasm/.test(request.url())) made.push(request.url());
  });
  return made;
}

const consent = (page, state) => page.evaluate((state) => shopbell.consent(state), state);
const route = (page, url, title) =>
  page.evaluate(
    ([url, title]) => {
      history.pushState(null, '', url);
      document.title = title;
    },
    [url, title],
  );

for (const script of ['shopbell.js', 'shopbell.core.js', 'shopbell.split.js'])
  test(`pending, ten minutes over five pages of a single-page shop: nothing; then all of it: ${script}`, async () => {
    context = await clocked(context);
    const tag = `<script src="/${script}" data-collector="/collect" data-site="shop" data-consent="pending"></script>`;
    await pages('', { tag, body: '<button>Buy</button>' });
    const made = requests();
    const page = await context.newPage();
    await page.goto(`${collector.url}/page/0?utm_source=facebook&utm_medium=cpc`);
    const began = await page.evaluate(() => Date.now());
    for (let view = 1; view < 5; view += 1) {
      await page.click('button');
      await track(page, 'view_item', { view });
      await context.clock.runFor(2 * MINUTE);
      await route(page, `/page/${view}`, `Page ${view}`);
      await context.clock.runFor(100);
    }
    await context.clock.runFor(2 * MINUTE);
    assert.deepEqual(await kept(page), NOTHING);
    assert.deepEqual(made, []);
    assert.equal(await session(page), null);

    await consent(page, 'granted');
    await ready(page);
    await track(page, 'add_to_cart', {});
    await flush(page);
    const events = await collector.settled(11);
    const views = events.filter(({ name }) => name === 'page_view');
    assert.deepEqual(
      views.map(({ url, title, consent }) => [new URL(url).pathname, title, consent]),
      [0, 1, 2, 3, 4].map((view) => [`/page/${view}`, view ? `Page ${view}` : 'Page', 'pending']),
    );
    for (const [view, { time }] of views.entries())
      assert.ok(Math.abs(time - began - view * 2 * MINUTE) < 5000, `page ${view} after ${time - began} ms`);
    const names = events.map(({ name, consent }) => `${name} ${consent}`);
    assert.deepEqual(
      names.filter((name) => /item|cart/.test(name)),
      [...Array(4).fill('view_item pending'), 'add_to_cart granted'],
    );
    const [only, none] = await collector.sessions();
    assert.equal(none, undefined, 'one session');
    assert.deepEqual(
      [only.landing_page, only.source.source, only.source.medium, only.page_views, only.reason],
      ['/page/0', 'facebook', 'cpc', 5, 'first'],
    );
  });

test('pending over full page loads: nothing; then the page in view, with what the referrer still tells', async () => {
  await pages('data-consent="pending"');
  const made = requests();
  const page = await context.newPage();
  await page.goto(`${collector.url}/page/0?utm_source=facebook&utm_medium=cpc`);
  await track(page, 'lost', {});
  await page.evaluate(() => (location.href = '/page/1'));
  await page.waitForURL('**/page/1');
  assert.deepEqual(await kept(page), NOTHING);
  assert.deepEqual(made, []);
  await consent(page, 'granted');
  await ready(page);
  await flush(page);
  const names = (await collector.settled(2)).map(({ name, url }) => [name, new URL(url).pathname]);
  assert.deepEqual(names, [
    ['session_start', '/page/1'],
    ['page_view', '/page/1'],
  ]);
  const [{ source, landing_page }] = await collector.sessions();
  assert.deepEqual([source.source, source.medium, landing_page], ['facebook', 'cpc', '/page/1']);
});

test('the stub before consent keeps and sends nothing, and what it was told is told after a grant', async () => {
  await context.route('**/never.js', () => {});
  await pages('', {
    before: snippet,
    tag: '<script async src="/never.js" data-collector="/collect" data-consent="pending"></script>',
  });
  await serve(context, '**/comes', { attributes: 'data-consent="pending"', before: snippet, body: '' });
  const made = requests();
  const page = await context.newPage();
  await page.goto(`${collector.url}/page/0`, { waitUntil: 'commit' });
  await page.waitForFunction(() => window.shopbell);
  await track(page, 'lost', {});
  await page.goto(`${collector.url}/comes`);
  assert.deepEqual(await kept(page), NOTHING);
  assert.deepEqual(made, []);
  await consent(page, 'granted');
  await ready(page);
  await flush(page);
  await collector.settled(2);
});

test('denied: what happened is dropped, and a later grant begins there', async () => {
  await pages('data-consent="pending"');
  const page = await context.newPage();
  await page.goto(`${collector.url}/page/0`);
  await track(page, 'dropped', {});
  await consent(page, 'denied');
  await track(page, 'not kept', {});
  assert.deepEqual(await kept(page), NOTHING);
  await consent(page, 'granted');
  await ready(page);
  await track(page, 'counts', {});
  await flush(page);
  const names = (await collector.settled(3)).map(({ name, consent }) => `${name} ${consent}`);
  assert.deepEqual(names, ['session_start granted', 'page_view granted', 'counts granted']);
});

test('taken back in one of three tabs, a batch in flight and the collector down: nothing is left, nothing is sent', async () => {
  await pages('');
  const tabs = [];
  for (const nth of [0, 1, 2]) tabs.push(await open(context, `${collector.url}/page/${nth}`));
  await Promise.all(tabs.map(flush));
  const { device_id } = await session(tabs[0]);
  await collector.down();
  const known = context.batches.length;
  for (const tab of tabs) await track(tab, 'waits', {});
  await context.route('**/collect', () => {}); // no answer at all
  for (const tab of tabs) await tab.evaluate(() => void shopbell.flush());
  await until('requests are in flight', () => context.batches.length === known + tabs.length);
  const ofDevice = () => context.batches.filter(({ device }) => device.id === device_id).length;
  const before = ofDevice();
  await consent(tabs[1], 'denied');
  const at = performance.now();
  await until('nothing is left', async () => {
    const all = await Promise.all(tabs.map(kept));
    return all.every(({ local, session }) => local.length + session.length === 0);
  });
  assert.ok(performance.now() - at < 3000);
  for (const tab of tabs) {
    await track(tab, 'no more', {});
    await tab.click('html');
    await flush(tab);
    assert.equal(await session(tab), null);
  }
  await context.unroute('**/collect');
  await collector.up();
  await tabs[2].reload();
  await ready(tabs[2]);
  assert.notEqual((await session(tabs[2])).device_id, device_id);
  await tabs[2].close();
  await tabs[0].close();
  assert.deepEqual(await kept(tabs[1]).then(({ session }) => session), []);
  assert.equal(ofDevice(), before);
  await consent(tabs[1], 'granted');
  await ready(tabs[1]);
  const next = await session(tabs[1]);
  assert.notEqual(next.device_id, device_id);
});

test('a page that was kept for back and forward meanwhile stays silent', async () => {
  await end(context);
  context = await keepingProfile();
  await pages('');
  const page = await open(context, `${collector.url}/page/0`);
  await flush(page);
  await page.goto(`${collector.url}/page/1`);
  await ready(page);
  await consent(page, 'denied');
  await page.goBack({ waitUntil: 'commit' });
  await page.waitForFunction(() => window.shopbell);
  await track(page, 'no more', {});
  await flush(page);
  assert.equal(await session(page), null);
  assert.deepEqual((await kept(page)).local, []);
});

const withGpc = () =>
  context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { value: true }));

const withDoNotTrack = () =>
  context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'doNotTrack', { value: '1' }));

test('Do Not Track is ignored where the site says so', async () => {
  await withDoNotTrack();
  await pages('data-gpc="ignore"');
  const page = await open(context, `${collector.url}/page/0`);
  await flush(page);
  assert.equal((await session(page)).waiting, 0);
  assert.equal(context.batches.flatMap(({ events }) => events).length, 2);
});

for (const [signal, says] of [
  ['Global Privacy Control', withGpc],
  ['Do Not Track', withDoNotTrack],
])
  test(`${signal}: nothing by default`, async () => {
    await says();
    await pages('');
    const made = requests();
    const page = await context.newPage();
    await page.goto(`${collector.url}/page/0`);
    await track(page, 'not kept', {});
    await consent(page, 'granted');
    await flush(page);
    assert.deepEqual(await kept(page), NOTHING);
    assert.deepEqual(made, []);
  });

test('cookieless: sent, nothing stored, and two pages have nothing in common', async () => {
  await withGpc();
  await pages('data-gpc="cookieless"');
  const page = await open(context, `${collector.url}/page/0?utm_source=facebook`);
  await flush(page);
  await page.goto(`${collector.url}/page/1`);
  await ready(page);
  await flush(page);
  assert.deepEqual(await kept(page), NOTHING);
  const events = await collector.settled(4);
  assert.deepEqual(new Set(events.map(({ consent }) => consent)), new Set(['denied']));
  const [one, other] = await collector.sessions();
  assert.deepEqual([one.device_id, other.device_id, other.previous_id, other.number], [null, null, null, 1]);
  const ids = (nth) => [one, other].map(({ id }) => id)[nth];
  const names = (id) =>
    events.filter(({ session_id }) => session_id === id).flatMap(({ id, tab_id, page_id }) => [id, tab_id, page_id]);
  const common = names(ids(0)).filter((name) => names(ids(1)).includes(name));
  assert.deepEqual(common, []);
  assert.ok(context.batches.every(({ device }) => device.id === undefined && device.storage === 'none'));
  assert.equal((await collector.get('report?site=shop&bots=true')).visitors, 0);
});

test('a device is forgotten, and the page after it is of another', async () => {
  await pages('');
  const page = await open(context, `${collector.url}/page/0`);
  const other = await open(context, `${collector.url}/page/1`);
  const { device_id } = await session(page);
  await page.evaluate(() => shopbell.forget());
  await until('the other tab has noticed', async () => (await session(other)) === null);
  assert.deepEqual((await kept(page)).local, []);
  await other.goto(`${collector.url}/page/2`);
  await ready(other);
  assert.notEqual((await session(other)).device_id, device_id);
});

test('a visitor has a name to the site, until it is taken back, and it changes no id', async () => {
  await pages('');
  const page = await open(context, `${collector.url}/page/0`);
  const before = await session(page);
  await page.evaluate(() => shopbell.identify('7a1c'));
  await track(page, 'named', {});
  const named = await session(page);
  assert.deepEqual([named.id, named.device_id, named.user_id], [before.id, before.device_id, '7a1c']);
  await page.reload();
  await ready(page);
  await flush(page);
  assert.equal((await session(page)).user_id, '7a1c');
  assert.equal((await collector.sessions())[0].user_id, '7a1c');
  await page.evaluate(() => shopbell.identify(null));
  await track(page, 'unnamed', {});
  assert.equal((await session(page)).user_id, undefined);
  await page.evaluate(() => shopbell.forget());
  assert.deepEqual((await kept(page)).local, []);
});

test('calls that say nothing, or nonsense, harm nobody', async () => {
  await pages('', {
    before: `${snippet}<script>shopbell.identify(); shopbell.forget; shopbell.identify({});</script>`,
  });
  const page = await open(context, `${collector.url}/page/0`);
  await page.evaluate(() => {
    shopbell.identify();
    shopbell.identify(7);
    shopbell.consent();
    shopbell.consent('maybe');
    shopbell.consent('granted');
  });
  await track(page, 'counts', {});
  await flush(page);
  assert.equal((await collector.settled(3)).at(-1).name, 'counts');
  assert.equal((await session(page)).user_id, '7');
});

test('an address is no name that a visitor has to the site', async () => {
  await pages('');
  const page = await open(context, `${collector.url}/page/0`);
  await page.evaluate(() => shopbell.identify('bob@example.com'));
  await track(page, 'counts', {});
  assert.equal((await session(page)).user_id, '*email*');
});

for (const [call, left] of [
  ["consent('denied')", []],
  ["consent('nonsense')", []],
  ['consent()', []],
  ['forget()', []],
])
  test(`a page that calls ${call} before its script has come is not tracked`, async () => {
    await pages('', { before: `${snippet}<script>shopbell.track('dropped'); shopbell.${call};</script>` });
    const made = requests();
    const page = await context.newPage();
    await page.goto(`${collector.url}/page/0`);
    await track(page, 'not kept', {});
    await flush(page);
    assert.deepEqual([(await kept(page)).local, made, await session(page)], [left, [], null]);
  });

/** Events that are stored where the package's `beforeSend` is this function. */
async function reviewed(beforeSend) {
  const said = [];
  await context.route('**/module', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><title>Page</title><script type="module">
        import { init } from '/shopbell/index.js';
        window.seen = [];
        window.shopbell = init({ collector: '/collect', site: 'shop', beforeSend: ${beforeSend} });
        shopbell.track('one', { a: 1, mail: 'bob@example.com' });
        shopbell.track('two', { b: 2 });
      </script>`,
    }),
  );
  await serveDist();
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'warning' && said.push(message.text()));
  await page.goto(`${collector.url}/module`);
  await ready(page);
  await flush(page);
  const delivery = context.batches.at(-1).delivery;
  const seen = await page.evaluate(() => window.seen);
  return { events: await collector.events(), said, delivery, seen, page };
}

async function serveDist() {
  await context.route('**/shopbell/*.js', async (route) =>
    route.fulfill({
      contentType: 'text/javascript',
      body: await readFile(
        `${root}/www/tracker/dist/${new URL(route.request().url()).pathname.split('/').at(-1)}`,
        'utf8',
      ),
    }),
  );
}

const named = (events) => events.map(({ name }) => name);

test('beforeSend sees every event in its turn, may change it and may drop it', async () => {
  const { events, said, seen, page } = await reviewed(`(event) => {
    window.seen.push(event.name);
    if (event.name === 'two') return null;
    if (event.name === 'one') event.props = { ...event.props, a: 7 };
    event.title = 'Changed';
    return event;
  }`);
  assert.deepEqual(seen, ['session_start', 'page_view', 'one', 'two']);
  assert.deepEqual(named(events), ['session_start', 'page_view', 'one']);
  assert.deepEqual(events[2].props, { a: 7, mail: '*email*' });
  assert.deepEqual([...new Set(events.map(({ title }) => title))], ['Changed']);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    [0, 1, 2],
  );
  assert.equal((await session(page)).dropped, 1);
  assert.deepEqual(said, []);
});

for (const [what, beforeSend] of Object.entries({
  throws: '() => { throw new Error("mine"); }',
  'gives nothing': '() => undefined',
  'gives rubbish': '() => 7',
  'gives a promise': 'async (event) => event',
  'gives an event without a name': '(event) => ({ ...event, name: " " })',
  'gives properties that are none': '(event) => ({ ...event, props: [1] })',
  'gives properties that are too large': '(event) => ({ ...event, props: { a: "x".repeat(9000) } })',
  'gives properties that are no JSON':
    '(event) => { const props = {}; props.props = props; return { ...event, props }; }',
  'changes what it was given, and throws': '(event) => { event.name = "other"; event.props.a = 8; throw 0; }',
}))
  test(`a beforeSend that ${what} is passed over with a sentence`, async () => {
    const { events, said } = await reviewed(beforeSend);
    assert.deepEqual(named(events), ['session_start', 'page_view', 'one', 'two']);
    assert.equal(events[2].props.a, 1);
    assert.equal(said.length, 1, `${said}`);
    assert.match(said[0], /beforeSend/);
  });

test('a beforeSend that calls the tracker harms nobody', async () => {
  const { events } = await reviewed(`(event) => {
    if (event.name === 'one') shopbell.track('from within', {});
    window.seen.push(shopbell.session());
    shopbell.flush();
    return event;
  }`);
  assert.deepEqual(named(events), ['session_start', 'page_view', 'one', 'two', 'from within']);
});

for (const options of ['beforeSend: 7', "consent: 'maybe'"])
  test(`nothing is tracked with ${options}`, async () => {
    await context.route('**/module', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<!doctype html><script type="module">
          import { init } from '/shopbell/index.js';
          window.shopbell = init({ collector: '/collect', site: 'shop', ${options} });
          shopbell.track('one');
        </script>`,
      }),
    );
    await serveDist();
    const made = requests();
    const page = await context.newPage();
    await page.goto(`${collector.url}/module`);
    await page.waitForFunction(() => window.shopbell);
    await flush(page);
    assert.deepEqual([await kept(page), made], [NOTHING, []]);
  });

test('a visitor opts out by the control, which is remembered and nothing else, and in again', async () => {
  await pages('data-capture="opt-out"', { before: '<label data-shopbell-opt-out>Leave me out</label>' });
  const page = await open(context, `${collector.url}/page/0`);
  const box = page.getByRole('checkbox', { name: 'Leave me out' });
  assert.equal(await box.isChecked(), false);
  await box.focus();
  await page.keyboard.press('Space');
  assert.equal(await box.isChecked(), true);
  assert.deepEqual((await kept(page)).local, [['shopbellOff', '1']]);
  const made = requests();
  await page.goto(`${collector.url}/page/1`);
  await track(page, 'not kept', {});
  assert.equal(await box.isChecked(), true);
  assert.deepEqual([(await kept(page)).local, made], [[['shopbellOff', '1']], []]);
  await box.uncheck();
  await ready(page);
});

/** A page whose consent platform is this script. */
async function platform(script, capture) {
  await pages(`data-capture="${capture}"`, { before: `<script>${script}</script>` });
  const page = await context.newPage();
  await page.goto(`${collector.url}/page/0`);
  return page;
}

const isPending = async (page) => {
  assert.equal(await session(page), null);
  assert.deepEqual(await kept(page), NOTHING);
};

/** A text of the IAB's making that says for which purposes, and for which vendors, there is consent. */
function tcString(purposes, vendors = []) {
  const named = (id) => ({ id, name: `${id}`, description: '', illustrations: [] });
  const vendor = { id: 7, name: 'x', purposes: [1, 8], legIntPurposes: [], flexiblePurposes: [], specialPurposes: [] };
  const gvl = new GVL({
    gvlSpecificationVersion: 3,
    vendorListVersion: 1,
    tcfPolicyVersion: 4,
    lastUpdated: '2026-01-01T00:00:00Z',
    purposes: { 1: named(1), 8: named(8) },
    specialPurposes: {},
    features: {},
    specialFeatures: {},
    stacks: {},
    dataCategories: {},
    vendors: { 7: { ...vendor, features: [], specialFeatures: [], policyUrl: '' } },
  });
  const model = new TCModel(gvl);
  Object.assign(model, { cmpId: 31, cmpVersion: 1, isServiceSpecific: true, publisherCountryCode: 'DE' });
  model.purposeConsents.set(purposes);
  model.vendorConsents.set(vendors);
  return TCString.encode(model);
}

/** The IAB's own stub, as pages have it, and its own API, which a page begins with `startPlatform()`. */
async function tcfPage(capture = 'tcf') {
  const modules = `${root}/tests/browsers/node_modules/@iabtcf`;
  await context.route('**/iabtcf/**', async (route) =>
    route.fulfill({
      contentType: 'text/javascript',
      body: await readFile(modules + new URL(route.request().url()).pathname.replace('/iabtcf', ''), 'utf8'),
    }),
  );
  const from = (name) => `"@iabtcf/${name}": "/iabtcf/${name}/lib/mjs/index.js"`;
  const before = `<script>${await readFile(`${modules}/stub/lib/stub.js`, 'utf8')}</script>
    <script type="importmap">{ "imports": { ${from('core')}, ${from('cmpapi')} } }</script>`;
  await pages(`data-capture="${capture}"`, { before });
  const page = await context.newPage();
  await page.goto(`${collector.url}/page/0`);
  assert.equal(await session(page), null);
  await page.evaluate(async () => {
    const { CmpApi } = await import('@iabtcf/cmpapi');
    window.platform = new CmpApi(31, 1, true);
  });
  return page;
}

const answer = (page, text, isAsking) =>
  page.evaluate(([text, isAsking]) => window.platform.update(text, isAsking), [text, isAsking]);

test('consent by the Transparency and Consent Framework', async () => {
  const page = await tcfPage();
  await answer(page, '', true);
  await isPending(page);
  await answer(page, tcString([1]), false);
  await isPending(page);
  await answer(page, tcString([1, 8]), false);
  await ready(page);
  await answer(page, tcString([1, 8]), true);
  assert.ok(await session(page), 'being asked again changes nothing');
  await answer(page, tcString([]), false);
  await until('it is taken back', async () => (await kept(page)).local.length === 0);
});

test('an answer of an earlier visit, and a law that does not apply', async () => {
  const page = await tcfPage();
  await answer(page, tcString([1, 8]), false);
  await ready(page);
  await page.close();
  await context.unroute('**/page/**');
  const other = await tcfPage();
  await answer(other, null, false);
  await ready(other);
});

test('a platform that comes later than the tracker', async () => {
  await pages('data-capture="tcf"');
  const page = await context.newPage();
  await page.goto(`${collector.url}/page/0`);
  await isPending(page);
  await page.evaluate(() => {
    window.__tcfapi = (command, version, listener) =>
      command === 'addEventListener' && listener({ eventStatus: 'tcloaded', gdprApplies: false }, version === 2);
  });
  await ready(page);
});

const GTAG = `window.dataLayer = window.dataLayer || []; function gtag() { dataLayer.push(arguments); }`;

test("consent by Google's consent mode", async () => {
  const script = `${GTAG} gtag('consent', 'default', { analytics_storage: 'denied', ad_storage: 'denied', wait_for_update: 500 });`;
  const page = await platform(script, 'google-consent');
  await isPending(page);
  await page.evaluate(() => gtag('consent', 'update', { ad_storage: 'granted' }));
  await isPending(page);
  await page.evaluate(() => gtag('consent', 'update', { analytics_storage: 'granted' }));
  await ready(page);
  await page.evaluate(() => gtag('consent', 'update', { analytics_storage: 'denied' }));
  await until('it is taken back', async () => (await kept(page)).local.length === 0);
});

test("Google's consent mode where all is granted, and where a region is not", async () => {
  const granted = await platform(
    `${GTAG} gtag('consent', 'default', { analytics_storage: 'granted' });`,
    'google-consent',
  );
  await ready(granted);
  await granted.evaluate(() => shopbell.forget());
  await context.unroute('**/page/**');
  const script = `${GTAG} gtag('consent', 'default', { analytics_storage: 'denied', region: ['DE'] });
    gtag('consent', 'default', { analytics_storage: 'granted' });`;
  await isPending(await platform(script, 'google-consent'));
});

test('a front-end in Rust has the same rights', async () => {
  await serveFrontEnd(context, '/rust/', 'window.asked = rust.Asked.begin()');
  const made = requests();
  // The module is the site's own.
  const sent = () => made.filter((url) => url.endsWith('/collect')).length;
  const visit = async (query) => {
    const page = await context.newPage();
    await page.goto(`${collector.url}/rust/${query}`);
    await page.waitForFunction(() => window.asked);
    return page;
  };
  const id = (page) => page.evaluate(() => asked.session() ?? null);
  const answer = (page, agrees) => page.evaluate((agrees) => asked.answer(agrees), agrees);
  const page = await visit('?utm_source=facebook&size=M&token=secret');
  await page.evaluate(() => {
    asked.track('early');
    asked.identify('hash');
  });
  assert.equal(await id(page), null);
  assert.deepEqual([await kept(page), sent()], [NOTHING, 0]);

  await answer(page, true);
  await page.waitForFunction(() => asked.session());
  await page.evaluate(() => {
    asked.track('late');
    return asked.flush();
  });
  const events = await collector.get('events?site=asked');
  assert.deepEqual(
    events.map(({ name, consent }) => `${name} ${consent}`),
    ['session_start pending', 'page_view pending', 'early pending', 'late granted'],
  );
  assert.equal(new URL(events[1].url).search, '?utm_source=facebook&size=M');
  assert.equal(context.batches.at(-1).session.user_id, 'hash');

  const other = await visit('');
  await answer(other, true);
  await other.waitForFunction(() => asked.session());
  await other.evaluate(() => asked.flush());
  await answer(page, false);
  await until('the other tab has heard', async () => (await id(other)) === null);
  assert.equal(await id(page), null);
  const before = sent();
  for (const one of [page, other]) {
    await one.evaluate(() => {
      asked.track('after');
      return asked.flush();
    });
    assert.deepEqual((await kept(one)).local, []);
  }
  assert.equal(sent(), before, 'nothing is sent');

  await answer(page, true);
  await page.waitForFunction(() => asked.session());
  assert.equal(await page.evaluate(() => asked.optOut(true)), true);
  assert.equal(await id(page), null);
  assert.deepEqual((await kept(page)).local, [['shopbellOff', '1']]);
  assert.equal(await page.evaluate(() => asked.optOut(false)), false);
  await page.waitForFunction(() => asked.session());
});
