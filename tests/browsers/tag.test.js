// The tag as pages have it, its options, and how often a page may begin a tracker.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Collector, close, end, flush, launch, open, profile, serve, session, until } from './support.js';

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

/** Where the collector is asked, and what of: opens a page that is served so, tracks a little, and gives what arrived. */
async function arrived(html, count, act = () => shopbell.track('later')) {
  await context.route('**/p/**', (route) =>
    route.fulfill({ contentType: 'text/html', body: `<!doctype html>${html}` }),
  );
  const page = await open(context, `${collector.url}/p/lamp`);
  await page.evaluate(act);
  await flush(page);
  await until('all is acknowledged', async () => (await session(page)).waiting === 0 || flush(page));
  return [await collector.settled(count), page];
}

const TAG = '<script src="/shopbell.js" data-collector="/collect" data-site="shop"></script>';

test("a tag is found by its attributes, and others' attributes are nobody's business", async () => {
  const said = [];
  context.on('console', (message) => said.push(message.text()));
  await arrived(
    '<script type="module" data-next-id="7" data-cfasync src="/shopbell.js?v=3" data-collector="/collect" data-site="shop"></script>',
    3,
  );
  assert.deepEqual(said, []);
});

test('options stand between blanks and line breaks, as templates leave them', async () => {
  const [events] = await arrived(
    '<script src="/shopbell.js" data-collector="\n  /collect\n" data-site="\n  shop " data-autocapture=" true\t"></script>',
    3,
  );
  assert.equal(events.length, 3);
});

test("a collector's relative URL means what it meant on the first page", async () => {
  await arrived(TAG.replace('"/collect"', '"../collect"'), 3, () => history.pushState(null, '', '/p/chairs/oak/'));
});

test("a page's base is what its collector's URL is relative to", async () => {
  await arrived(`<base href="/">${TAG.replace('"/collect"', '"collect"')}`, 3);
});

test('a collector that is no URL is one sentence', async () => {
  const said = [];
  context.on('console', (message) => said.push(message.text()));
  await serve(context, '**/bare', { attributes: '' });
  await context.route('**/none', (route) =>
    route.fulfill({ contentType: 'text/html', body: TAG.replace('"/collect"', '"http://["') }),
  );
  const page = await context.newPage();
  await page.goto(`${collector.url}/none`);
  await page.evaluate(() => shopbell.track('nobody hears it'));
  assert.deepEqual(said, [
    'shopbell: option "collector" is http://[; accepted is a URL.',
    'shopbell: nothing is tracked',
  ]);
});

test('a page has one tracker, however often it is begun', async () => {
  const said = [];
  context.on('console', (message) => said.push(message.text()));
  const again = `<script type="module">import { init } from '/index.js'; import { init as copy } from '/index.js?copy';
    window.handles = [init({ collector: '/collect', site: 'shop' }), copy({ collector: '/collect' })];</script>`;
  const [, page] = await arrived(`${TAG}${TAG}${again}`, 3);
  assert.deepEqual(await page.evaluate(() => handles.map((handle) => handle === shopbell)), [true, true]);
  assert.deepEqual(said, []);
  await page.evaluate(() => handles[0].track('once'));
  await flush(page);
  await collector.settled(4);
});

test('a second tracker of another site is one sentence, and a begin without a collector does not stick', async () => {
  const said = [];
  context.on('console', (message) => said.push(message.text()));
  const other = TAG.replace('"shop"', '"other"');
  const first =
    '<script type="module">import { init } from "/index.js"; init({}); init({ collector: "/collect", site: "shop" }).track("later");</script>';
  await arrived(`${TAG}${other}${first}`, 4);
  assert.deepEqual(said, ['shopbell: this page is tracked as shop']);
});

const dist = (name) => readFile(new URL(`../../www/tracker/dist/${name}`, import.meta.url));

/** A page whose script is spoiled so: what it says, and that nobody waits and nothing is lost. */
async function cannotStart(name, spoil, sentence) {
  const said = [];
  context.on('console', (message) => message.text().startsWith('shopbell') && said.push(message.text()));
  await spoil();
  await serve(context, '**/spoiled', { tag: TAG.replace('shopbell.js', name) });
  await serve(context, '**/whole', {});
  const page = await context.newPage();
  await page.goto(`${collector.url}/spoiled`);
  await page.evaluate(() => shopbell.track('purchase', { transaction_id: 'A1', value: 10, currency: 'EUR' }));
  const early = performance.now();
  await until('the sentence', () => said.length);
  await flush(page);
  assert.ok(performance.now() - early < 5000, 'flush() waits for nothing');
  assert.match(said.join('\n'), sentence);
  await page.goto(`${collector.url}/whole`);
  await flush(await page);
  const names = (await collector.settled(4)).map((event) => event.name);
  assert.deepEqual(names, ['session_start', 'page_view', 'purchase', 'page_view']);
}

test('a module that is not there', () =>
  cannotStart(
    'shopbell.split.js',
    () => context.route('**/shopbell.wasm', (route) => route.fulfill({ status: 404, body: 'none' })),
    /^shopbell: the tracker cannot start: http:.*\/shopbell.wasm is answered with 404$/,
  ));

test('a module that is something else', () =>
  cannotStart(
    'shopbell.split.js',
    () => context.route('**/shopbell.wasm', (route) => route.fulfill({ body: '<!doctype html>' })),
    /^shopbell: the tracker cannot start: CompileError.*$/,
  ));

for (const charset of ['windows-1252', 'shift_jis', 'koi8-r'])
  test(`a script without its byte order mark, read as ${charset}`, () =>
    cannotStart(
      'shopbell.js',
      async () => {
        const body = (await dist('shopbell.js')).subarray(3);
        await context.route('**/shopbell.js', (route) =>
          route.request().frame().url().endsWith('spoiled')
            ? route.fulfill({ body, contentType: `text/javascript; charset=${charset}` })
            : route.continue(),
        );
      },
      /^shopbell: the tracker cannot start: its script was not read as UTF-8$/,
    ));

test('an ordinary start throws nothing, not even what is caught: a first exception takes milliseconds', async () => {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  const thrown = [];
  devtools.on('Debugger.paused', ({ reason, data, callFrames: [at] }) => {
    thrown.push(`${reason}: ${data?.description} in ${at.functionName} at ${at.location.columnNumber}`);
    devtools.send('Debugger.resume');
  });
  await devtools.send('Debugger.enable');
  await devtools.send('Debugger.setPauseOnExceptions', { state: 'all' });
  await serve(context, '**/p/**');
  for (const path of ['/p/lamp', '/p/chair?utm_source=mail', '/p/table']) {
    await page.goto(`${collector.url}${path}`);
    await until('it has begun', () => page.evaluate(() => Boolean(window.shopbell?.session())));
    await flush(page);
  }
  assert.deepEqual(thrown, []);
});

test('a page that is left before its turn, and comes back, listens once', async () => {
  await serve(context, '**/p/**', {
    before: `<script>
      const heard = [];
      const { addEventListener } = window;
      window.addEventListener = function (name, ...all) { heard.push(name); return addEventListener.call(this, name, ...all); };
      const { request } = LockManager.prototype;
      LockManager.prototype.request = function (...all) {
        if (!window.isFree) return new Promise(() => dispatchEvent(new Event('pagehide')));
        return request.apply(this, all);
      };
    </script>`,
  });
  const page = await context.newPage();
  await page.goto(`${collector.url}/p/lamp`);
  await until('it has left', () => page.evaluate(() => heard.includes('pageshow')));
  await page.evaluate(() => {
    window.isFree = true;
    dispatchEvent(new Event('pageshow'));
  });
  await until('it has begun', () => page.evaluate(() => Boolean(window.shopbell?.session())));
  const times = await page.evaluate(() => heard.filter((name) => name === 'pointerdown').length);
  assert.equal(times, 1);
});
