// What reaches the collector, whatever becomes of page, network and collector.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  ready,
  root,
  serveFrontEnd,
  session,
  track,
  until,
} from './support.js';

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

/** A page of the collector's origin with the tracker and nothing else. */
async function bare(attributes = '') {
  await context.route('**/bare', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><title>Bare</title><script async src="/shopbell.js" data-collector="/collect" data-site="shop" ${attributes}></script>`,
    }),
  );
  return open(context, `${collector.url}/bare`);
}

test('leaving the page at once after an event loses nothing', async () => {
  const page = await bare();
  await page.evaluate(() => {
    shopbell.track('last');
    location.assign('/report/report.css');
  });
  await page.waitForURL('**/report.css');
  const events = await collector.settled(3);
  assert.deepEqual(
    events.map(({ name }) => name),
    ['session_start', 'page_view', 'last'],
  );
});

test('closing the tab at once after an event loses nothing', async () => {
  const page = await bare();
  await track(page, 'last');
  await page.close({ runBeforeUnload: true });
  await collector.settled(3);
});

test('thirty events, the collector down, the page closed, the collector up, a page opened: each once', async () => {
  const page = await bare();
  await collector.down();
  await page.evaluate(() => {
    for (let i = 0; i < 30; i++) shopbell.track('kept', { i });
  });
  await page.close({ runBeforeUnload: true });
  await collector.up();
  const next = await bare();
  await flush(next);
  const events = await collector.settled(33);
  const kept = events.filter(({ name }) => name === 'kept');
  assert.deepEqual(
    kept.map(({ props }) => props.i),
    [...Array(30).keys()],
  );
  const keys = await next.evaluate(() => Object.keys(localStorage).sort());
  assert.deepEqual(keys, ['shopbell', 'shopbell.gzip', 'shopbell.tab']);
});

test('a collector that goes and comes back gets everything, in order', async () => {
  const page = await bare();
  await flush(page);
  await collector.down();
  await track(page, 'one');
  await flush(page);
  assert.equal((await session(page)).waiting, 1);
  await track(page, 'two');
  await collector.up();
  const events = await collector.settled(4);
  assert.deepEqual(
    events.map(({ name }) => name),
    ['session_start', 'page_view', 'one', 'two'],
  );
  await until('the answer is in', async () => (await session(page)).waiting === 0);
});

test('a reload sends what was not acknowledged under the same ids, and seq goes on', async () => {
  await context.route('**/collect', (route) => route.abort());
  const page = await bare();
  await track(page, 'before');
  await flush(page);
  const tried = context.batches[0].events.map(({ id }) => id);
  await context.unroute('**/collect');
  await page.reload();
  await ready(page);
  const isSent = async () => {
    await flush(page);
    return !(await session(page)).waiting;
  };
  await until('all is sent', isSent);
  const events = await collector.settled(4);
  assert.deepEqual(
    events.slice(0, 3).map(({ id }) => id),
    tried,
  );
  assert.deepEqual(
    events.map(({ seq }) => seq),
    [0, 1, 2, 3],
  );
  assert.equal(new Set(events.map((event) => event.tab_id)).size, 1);
});

test('a thousand calls in a loop all arrive once, in order of seq, and the page stays responsive', async () => {
  const page = await bare();
  await flush(page);
  const requests = context.batches.length;
  const tookMs = await page.evaluate(() => {
    const began = performance.now();
    for (let i = 0; i < 1000; i++) {
      shopbell.track('view_item', { item_id: `sku-${i}`, price: 19.9, currency: 'EUR', position: i, list: 'home' });
    }
    return performance.now() - began;
  });
  // The page answers while batches leave, one after another.
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  await until('all are acknowledged', async () => (await session(page)).waiting === 0 || flush(page));
  const events = await collector.settled(1002);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    [...Array(1002).keys()],
  );
  console.log(`1000 calls returned in ${tookMs.toFixed(0)} ms; ${context.batches.length - requests} requests`);
});

test('batches are compressed once the collector has said that it takes that', async () => {
  const page = await bare();
  const bodies = [];
  context.on(
    'request',
    (request) =>
      request.url().endsWith('/collect') &&
      bodies.push([request.postDataBuffer()[0], request.headers()['content-encoding']]),
  );
  await flush(page);
  await track(page, 'one');
  await flush(page);
  await track(page, 'two');
  await page.close({ runBeforeUnload: true });
  await collector.settled(4);
  assert.deepEqual(bodies.slice(0, 2), [
    ['{'.charCodeAt(), undefined],
    [0x1f, undefined],
  ]);
});

test('a batch that is refused for the quota of the page goes without keepalive', async () => {
  const page = await bare();
  await flush(page);
  // The site's own requests take what the browser lets a page have in flight.
  await context.route('**/hang', () => {});
  await page.evaluate(
    () => void fetch('/hang', { method: 'POST', body: 'x'.repeat(64_000), keepalive: true }).catch(() => {}),
  );
  await page.evaluate(() => {
    for (let place = 0; place < 80; place++) shopbell.track('large', { place, text: `${Math.random()}`.repeat(5) });
  });
  await until('all is acknowledged', async () => {
    await flush(page);
    return (await session(page)).waiting === 0;
  });
  await collector.settled(82);
  assert.ok((await session(page)).retried >= 1);
});

test('where there is no keepalive, a page that is left sends beacons, halved as long as they are refused', async () => {
  await context.addInitScript(() => {
    delete Request.prototype.keepalive;
    const { sendBeacon } = Navigator.prototype;
    Navigator.prototype.sendBeacon = function (url, body) {
      return body.length < 4000 && sendBeacon.call(this, url, body);
    };
  });
  const page = await bare();
  await flush(page);
  await page.evaluate(() => {
    for (let place = 0; place < 20; place++) shopbell.track('e', { place });
    location.assign('/report/report.css');
  });
  await page.waitForURL('**/report.css');
  await until('some have come', async () => (await collector.events()).length > 2);
  const next = await bare();
  await flush(next);
  await collector.settled(23);
});

test('the tracker has none of what keeps a page from leaving or from being kept', async () => {
  for (const file of ['shopbell.js', 'shopbell.split.js', 'index.js', 'stub.js']) {
    const script = await readFile(join(root, 'www/tracker/dist', file), 'utf8');
    for (const word of ['"unload', 'preventDefault', 'XMLHttpRequest'])
      assert.ok(!script.includes(word), `${file} has ${word}`);
  }
});

test('a call costs the same with one event waiting, with storage taken up and with ten thousand', async () => {
  const page = await bare();
  await flush(page);
  // The engine is to know the way.
  await page.evaluate(() => {
    for (let place = 0; place < 500; place++) shopbell.track('warm');
  });
  await until('all is acknowledged', async () => (await session(page)).waiting === 0 || flush(page));
  await collector.down();
  const [few, stored, many] = await page.evaluate(async () => {
    const call = () =>
      shopbell.track('view_item', { item_id: 'sku', price: 19.9, currency: 'EUR', position: 1, list: 'home' });
    /**
     * The least that a hundred calls in a task take until they are stored, of so many times: what a cost that grows with what
     * waits would raise each time, and what else the machine does would not.
     */
    const least = (times) => {
      const took = [];
      for (let time = 0; time < times; time++) {
        const began = performance.now();
        for (let nth = 0; nth < 100; nth++) call();
        shopbell.session();
        took.push(performance.now() - began);
      }
      return Math.min(...took);
    };
    const until = (count) => {
      while (shopbell.session().waiting < count) for (let nth = 0; nth < 100; nth++) call();
    };
    // Nothing is to be in flight.
    call();
    await shopbell.flush();
    const few = least(5);
    until(2000);
    const stored = least(15);
    until(10_000);
    return [few, stored, least(15)];
  });
  console.log(
    `track() with 2,000 waiting: ${(stored / few).toFixed(2)} of what it takes with few; with 10,000: ${(many / few).toFixed(2)}`,
  );
  assert.ok(stored / few <= 1.5 && many / few <= 1.5, `${few} ms, ${stored} ms, ${many} ms`);
  await collector.up();
});

test('calls made before the module is ready keep their own times', async () => {
  const stub = await (await fetch(`${collector.url}/`)).text();
  const [snippet] = stub.match(/<script>\(.*?<\/script>/);
  let answer;
  const held = new Promise((resolve) => (answer = resolve));
  await context.route('**/shopbell.js', async (route) => {
    await held;
    await route.continue();
  });
  await context.route('**/early', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><title>Early</title>${snippet}<script async src="/shopbell.js" data-collector="/collect" data-site="shop"></script>`,
    }),
  );
  const page = await context.newPage();
  await page.goto(`${collector.url}/early`, { waitUntil: 'commit' });
  const called = await page.evaluate(async () => {
    const times = [];
    const props = { n: 1 };
    for (const name of ['one', 'two']) {
      times.push(Date.now());
      shopbell.track(name, props);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    window.flushed = shopbell.flush();
    return times;
  });
  answer();
  await page.evaluate(() => window.flushed);
  const events = await collector.settled(4);
  assert.deepEqual(
    events.map(({ name }) => name),
    ['session_start', 'page_view', 'one', 'two'],
  );
  for (const [place, time] of called.entries()) {
    assert.ok(Math.abs(events[2 + place].time - time) < 40, `${events[2 + place].time} is not ${time}`);
  }
  assert.ok(events[3].offset_ms - events[2].offset_ms >= 50);
});

test('a flush after a route change waits for what it tells', async () => {
  const page = await bare();
  await flush(page);
  await page.evaluate(() => {
    history.pushState(null, '', '/elsewhere');
    return shopbell.flush();
  });
  assert.equal((await session(page)).waiting, 0);
  await collector.settled(3);
});

test('a page whose own fetch tracks loses nothing', async () => {
  const page = await bare();
  await page.evaluate(() => {
    const { fetch } = window;
    window.fetch = (...all) => {
      if (!window.told) shopbell.track('fetched');
      window.told = true;
      return fetch(...all);
    };
    return shopbell.flush();
  });
  await flush(page);
  await collector.settled(3);
});

test('a reference to the stub goes on working, and its flush settles without a script', async () => {
  const [snippet] = (await (await fetch(`${collector.url}/`)).text()).match(/<script>\(.*?<\/script>/);
  const tag = '<script async src="/shopbell.js" data-collector="/collect" data-site="shop"></script>';
  await context.route('**/kept', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html>${snippet}<script>stub = shopbell</script>${tag}`,
    }),
  );
  const page = await open(context, `${collector.url}/kept`);
  await page.evaluate(() => (stub.track('late'), stub.flush()));
  await collector.settled(3);
  await context.clock.install();
  await context.route('**/alone', (route) =>
    route.fulfill({ contentType: 'text/html', body: `<!doctype html>${snippet}` }),
  );
  await page.goto(`${collector.url}/alone`);
  const settled = page.evaluate(() => shopbell.flush());
  await context.clock.fastForward(10_000);
  await settled;
});

test('bad calls throw nothing and switch nothing off', async () => {
  const page = await bare();
  const thrown = await page.evaluate(async () => {
    const { init } = await import('/index.js');
    try {
      init();
      init(null);
      shopbell.track(Symbol('no'), {});
      shopbell.track();
      shopbell.page(5);
      shopbell.track('good');
    } catch (error) {
      return String(error);
    }
  });
  assert.equal(thrown, undefined);
  assert.equal((await session(page)).dropped, 3);
  await flush(page);
  const events = await collector.settled(3);
  assert.deepEqual(
    events.slice(2).map(({ name }) => name),
    ['good'],
  );
});

test('properties that are no JSON object are counted, and nothing is thrown', async () => {
  const page = await bare();
  const dropped = await page.evaluate(() => {
    const cycle = {};
    cycle.cycle = cycle;
    const throws = {
      get a() {
        throw new Error('no');
      },
    };
    for (const props of [cycle, { big: 1n }, throws, 'text', 5, [1], { large: 'x'.repeat(9000) }])
      shopbell.track('e', props);
    shopbell.track('', {});
    for (const props of [undefined, null, {}, { lone: '\ud800' }]) shopbell.track('good', props);
    return shopbell.session().dropped;
  });
  assert.equal(dropped, 8);
  await flush(page);
  const events = await collector.settled(6);
  assert.equal(events.filter(({ name }) => name === 'good').length, 4);
});

test('a bad option is one sentence, and the page goes on', async () => {
  const said = [];
  context.on('console', (message) => message.type() === 'warning' && said.push(message.text()));
  await bare('data-timeout-minutes="0" data-midnight="Mars/Olympus" data-colour="red" data-campaign="maybe"');
  assert.deepEqual(said, [
    'shopbell: option "timeoutMinutes" is 0; accepted is a number from 1 to 1440.',
    'shopbell: option "midnight" is Mars/Olympus; accepted is "local", "UTC", an IANA zone or false.',
    'shopbell: option "campaign" is maybe; accepted is true or false or "medium" or "campaign".',
  ]);
});

test('a visitor who opted out by Global Privacy Control is not tracked, and nothing is stored', async () => {
  await context.addInitScript(() => Object.defineProperty(navigator, 'globalPrivacyControl', { value: true }));
  const page = await context.newPage();
  await page.goto(`${collector.url}/p/lamp`);
  await page.click('#add');
  await page.evaluate(() => shopbell.flush());
  assert.equal(await session(page), null);
  assert.deepEqual(await page.evaluate(() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]), [
    'shop.cart',
  ]);
  assert.deepEqual(context.batches, []);
});

test('a front-end in Rust tracks typed properties, keeps early calls, and its flush waits for them', async () => {
  await serveFrontEnd(context, '/front-end/', "await rust.visit(); document.title = 'done'");
  const page = await context.newPage();
  await page.goto(`${collector.url}/front-end/?utm_source=facebook`);
  await page.waitForFunction(() => document.title === 'done');
  const events = await collector.get('events?site=front-end');
  assert.deepEqual(
    events.map(({ name }) => name),
    ['session_start', 'page_view', 'view_item'],
  );
  assert.deepEqual(events[2].props, { item_id: 'lamp', price: 59.9 });
  assert.equal(context.batches[0].delivery.dropped.invalid, 1);
});

test('the split script does what the self-contained one does', async () => {
  await context.route('**/split', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: '<!doctype html><title>Split</title><script src="/shopbell.split.js" data-collector="/collect" data-site="shop"></script>',
    }),
  );
  const page = await open(context, `${collector.url}/split`);
  await track(page, 'one');
  await flush(page);
  await collector.settled(3);
});

test('the inspector makes a session roll by campaign, inactivity and midnight', async () => {
  const page = await open(context, `${collector.url}/`);
  const act = async () => {
    // Trusted input is sampled once a second.
    const { id } = await session(page);
    await until('an act begins a session', async () => {
      await page.mouse.wheel(0, 10);
      return (await session(page)).id !== id;
    });
  };
  await page.click('.inspector [data-go*="facebook"]');
  await page.waitForFunction(() => window.shopbell?.session()?.source.source === 'facebook');
  assert.equal((await session(page)).reason, 'campaign');
  await page.click('.inspector [data-move="31"]');
  await act();
  assert.equal((await session(page)).reason, 'inactivity');
  // A site has a session a second at most.
  await page.waitForFunction(() => Date.now() - shopbell.session().started_at > 1000);
  await page.click('.inspector [data-move="midnight"]');
  await act();
  assert.equal((await session(page)).reason, 'midnight');
});

test('a person makes an order in the shop and sees it, live, in the report', async () => {
  await context.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, 'webdriver', { value: false });
    Object.defineProperty(Navigator.prototype, 'userAgent', { value: 'Mozilla/5.0' });
  });
  const report = await context.newPage();
  await report.goto(`${collector.url}/report/`);
  await report.waitForSelector('#empty:not([hidden])');
  const page = await open(context, `${collector.url}/`);
  await page.click('a[href="/p/rug"]');
  await page.click('#add');
  await page.click('#added a');
  await page.click('text=Check out');
  await page.click('text=Place the order');
  await page.waitForSelector('#order-id');
  await page.reload();
  await page.waitForSelector('#order-id');
  await report.bringToFront();
  await report.waitForFunction(() => document.querySelector('#figures')?.textContent.includes('€149.00'));
  const figures = await report.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll('#figures div')].map((one) => [...one.children].map((part) => part.textContent)),
    ),
  );
  assert.equal(figures.Sessions, '1');
  assert.equal(figures.Orders, '1', 'the thank-you page loaded twice is one order');
  await report.click('#latest summary');
  await report.waitForSelector('#latest td:has-text("purchase")');
});

test('the inspector of the demo holds no request back, whatever is in it', async () => {
  // A profile whose batches nobody checks: these are none.
  const profile = await (await launch()).newContext();
  const errors = [];
  profile.on('weberror', (error) => errors.push(error.error().message));
  const page = await open(profile, `${collector.url}/`);
  const statuses = await page.evaluate(async () => {
    const send = (body) => fetch('/collect', { method: 'POST', body }).then(({ status }) => status);
    return Promise.all(['no JSON', '{}', '[]', new Uint8Array([31, 139, 8])].map(send));
  });
  assert.deepEqual(statuses, [400, 400, 400, 400]);
  await page.waitForFunction(() => document.querySelectorAll('#i-beacons .bad').length === 4);
  await profile.close();
  assert.deepEqual(errors, []);
});

test('a report leaves visits under automation out, says how many, and shows them on request', async () => {
  const page = await open(context, `${collector.url}/p/rug`);
  await flush(page);
  const report = await context.newPage();
  await report.goto(`${collector.url}/report/`);
  await report.waitForSelector('#bots:not([hidden])');
  assert.equal((await report.textContent('#bots')).trim(), 'with 1 of bots');
  const sessions = () => report.textContent('#figures dd');
  assert.equal(await sessions(), '0');
  await report.check('#bots input');
  await until('they are shown', async () => (await sessions()) === '1');
});

test("on a device's second page an event takes less than 90 bytes of the wire", async () => {
  context = await clocked(context);
  await flush(await bare());
  const page = await bare();
  const sizes = [];
  page.on('request', (request) => request.url().endsWith('/collect') && sizes.push(request.postDataBuffer().length));
  for (let nth = 0; nth < 100; nth += 1) {
    await track(page, 'view_item', {
      item_id: `sku-${nth}`,
      price: 19.9,
      currency: 'EUR',
      position: nth,
      list: 'home',
    });
    await context.clock.fastForward(50);
  }
  await flush(page);
  await collector.settled(103);
  const bytes = sizes.reduce((sum, size) => sum + size, 0) / 101;
  console.log(`${bytes.toFixed(0)} bytes an event in ${sizes.length} requests`);
  assert.ok(bytes < 90, `${bytes} bytes an event`);
});
