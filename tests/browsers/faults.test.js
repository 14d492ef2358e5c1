// Faults of pages, browsers, networks and collectors: what was tracked is at the collector once. Each prints a row of the
// README's table: the fault, events tracked, of them stored once, duplicates on the wire, requests.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Storefront } from './storefront.js';
import {
  Collector,
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
  until,
} from './support.js';

const rows = [];
let collector;
let context;

before(launch);
after(async () => {
  await close();
  console.log(
    '| fault | tracked | stored once | duplicates on the wire | requests |\n| --- | ---: | ---: | ---: | ---: |',
  );
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
});
beforeEach(async () => {
  collector = await Collector.start();
  context = await profile();
});
afterEach(async () => {
  await end(context).finally(() => collector.stop());
});

/** The collector starts anew on its port and store, and misbehaves. */
async function misbehave(faults) {
  await collector.down();
  await collector.up(faults);
}

/** A page with the tracker and nothing else. */
async function bare(attributes = '', before = '') {
  await serve(context, '**/bare', { attributes, before });
  return open(context, `${collector.url}/bare`);
}

const track = (page, count) =>
  page.evaluate((count) => {
    for (let place = 0; place < count; place++) shopbell.track('view_item', { place });
  }, count);

const elapsed = (ms) => {
  const began = performance.now();
  return until(`${ms} ms have passed`, () => performance.now() - began >= ms);
};

/** Waits until nothing waits in the page, however long the wait after a few failures has become. */
const drained = (page) =>
  until(
    'all is acknowledged',
    async () => {
      await flush(page);
      return (await session(page)).waiting === 0;
    },
    120_000,
  );

/** So many events are stored, each once, and none of them is missing; what it took is a row. */
async function check(fault, tracked, { batches = context.batches, most = Infinity } = {}) {
  const events = await collector.settled(tracked);
  const report = await collector.get('report?site=shop');
  assert.deepEqual(report.gaps, [], 'no gap in seq');
  // What leaves with a page only the collector sees, and what does not come there only the browser.
  const sent = batches.flatMap((batch) => batch.events);
  const received = collector.received();
  const duplicates = Math.max(sent.length - new Set(sent.map(({ id }) => id)).size, received.events - tracked);
  const requests = Math.max(batches.length, received.requests);
  assert.ok(requests <= most, `${requests} requests`);
  rows.push([fault, tracked, events.length, duplicates, requests]);
}

test('the tab is closed', async () => {
  const page = await bare();
  await track(page, 20);
  await page.close({ runBeforeUnload: true });
  await check('20 events, and the tab is closed', 22, { most: 3 });
});

test('the page navigates away', async () => {
  const page = await bare();
  await page.evaluate(() => {
    for (let place = 0; place < 20; place++) shopbell.track('view_item', { place });
    location.assign('/report/report.css');
  });
  await page.waitForURL('**/report.css');
  await check('20 events, and the page is left', 22, { most: 3 });
});

test('the page navigates away while a request is in flight', async () => {
  // Elsewhere no browser sends what a page has left behind.
  const page = await bare('', '<script>delete window.fetchLater</script>');
  await flush(page);
  await misbehave('*delay=300');
  await track(page, 20);
  await page.evaluate(() => {
    shopbell.flush();
    // The page's own listener comes first, and lets what has failed be heard before the tracker's.
    addEventListener('pagehide', () => {}, true);
  });
  await until('a request is in flight', () => context.batches.length > 1);
  await track(page, 20);
  await page.goto('about:blank');
  await check('40 events, and the page is left while a request is in flight', 42, { most: 5 });
});

test('the renderer crashes', async () => {
  const page = await bare();
  await flush(page);
  await track(page, 20);
  const crashed = page.waitForEvent('crash');
  const devtools = await context.newCDPSession(page);
  devtools.send('Page.crash').catch(() => {});
  await crashed;
  await page.close();
  const next = await bare();
  await drained(next);
  await check('20 events, the renderer crashes, another page opens', 23, { most: 4 });
});

test('the renderer crashes at once, and the visitor never returns', async () => {
  // Where requests are intercepted, a browser sends nothing later.
  const shop = await Storefront.start(collector);
  const visitors = [];
  for (let run = 0; run < 20; run += 1) {
    const visitor = await profile();
    const page = await open(visitor, `${shop.url}/`);
    const crashed = page.waitForEvent('crash');
    const devtools = await visitor.newCDPSession(page);
    await track(page, 3);
    devtools.send('Page.crash').catch(() => {});
    await crashed;
    visitors.push(visitor);
  }
  const tracked = 20 * 5;
  await until('all have come', async () => (await collector.events()).length >= tracked);
  const { batches, problems } = shop.wire;
  await check('20 visitors of 5 events, whose renderers crash at once, and no later visit', tracked, {
    batches,
    most: 40,
  });
  assert.deepEqual(problems, []);
  for (const visitor of visitors) await end(visitor);
  await shop.stop();
});

test('the device is offline', async () => {
  const page = await bare();
  await flush(page);
  await context.setOffline(true);
  await track(page, 20);
  await flush(page);
  await elapsed(5000);
  await context.setOffline(false);
  await drained(page);
  await check('20 events, offline for 5 s', 22, { most: 12 });
});

test('the collector is overloaded', async () => {
  const page = await bare();
  await flush(page);
  await misbehave('*503');
  await track(page, 20);
  await flush(page);
  await elapsed(5000);
  await misbehave();
  await drained(page);
  await check('20 events, 503 for 5 s', 22, { most: 12 });
});

for (const [name, fault] of [
  ['seconds', '429/3'],
  ['a date', '429/date+3'],
])
  test(`the collector asks for patience, in ${name}`, async () => {
    const page = await bare();
    await flush(page);
    await misbehave(fault);
    const times = [];
    context.on('request', (request) => request.url().endsWith('/collect') && times.push(performance.now()));
    await track(page, 20);
    await flush(page);
    await drained(page);
    assert.equal(times.length, 2);
    assert.ok(times[1] - times[0] >= 2900, `asked again after ${times[1] - times[0]} ms`);
    await check(`20 events, 429 with \`Retry-After\` as ${name} of 3 s`, 22, { most: 3 });
  });

test('batches are too large', async () => {
  await misbehave('*over=4096');
  const page = await bare();
  await track(page, 60);
  await drained(page);
  await check('60 events, 413 over 4 KiB', 62, { most: 40 });
});

test('the collector is killed', async () => {
  const page = await bare();
  await track(page, 20);
  await flush(page);
  await collector.down('SIGKILL');
  await track(page, 20);
  await flush(page);
  await collector.up();
  await drained(page);
  await check('20 events, the collector killed, 20 events, started again', 42, { most: 8 });
});

test('the port is closed for a while', async () => {
  await misbehave('ok,down=3');
  const page = await bare();
  await flush(page);
  await track(page, 20);
  await flush(page);
  await drained(page);
  await check('20 events, the port is closed for 3 s', 22, { most: 10 });
});

for (const [fault, name, most] of [
  ['2*reset', 'the connection is reset in the middle of a body, twice', 6],
  ['2*truncate', 'the answer is cut short, twice', 4],
  ['2*html', 'a portal answers with a page and 200, twice', 6],
  ['2*redirect', 'a redirect, twice', 6],
  ['2*duplicate', 'the network doubles requests', 4],
  ['lost', 'a request is never answered', 6],
  ['delay=800,delay=10', 'answers are late', 6],
])
  test(name, async () => {
    if (fault === 'lost') await context.clock.install();
    const page = await bare();
    await flush(page);
    await misbehave(fault);
    const sent = context.batches.length;
    await track(page, 20);
    if (fault === 'lost') {
      await page.evaluate(() => void shopbell.flush());
      await until('the request has left', () => context.batches.length > sent);
      await context.clock.fastForward(30_000);
    }
    await drained(page);
    await check(`20 events, ${name}`, 22, { most });
  });

test('storage is full before the start', async () => {
  const fill = `<script>for (let size = 1 << 22; size >= 1; size >>= 1) {
    try { for (let place = 0; ; place++) localStorage.setItem('site' + size + '.' + place, 'x'.repeat(size)); } catch {}
  }</script>`;
  const page = await bare('', fill);
  await track(page, 20);
  assert.equal((await session(page)).storage, 'memory');
  await flush(page);
  await check('storage full from the start, 20 events', 22, { most: 3 });
});

test("the last bytes of storage are the site's", async () => {
  // All but forty thousand characters are taken.
  const fill = `<script>for (let size = 1 << 22; size >= 1; size >>= 1) {
    try { for (let place = 0; ; place++) localStorage.setItem('site' + size + '.' + place, 'x'.repeat(size)); } catch {}
  }
  let room = 0;
  for (const key of Object.keys(localStorage)) {
    const { length } = localStorage[key];
    if (length <= 40000 - room) { room += length; localStorage.removeItem(key); }
  }</script>`;
  const page = await bare('', fill);
  await collector.down();
  await track(page, 60);
  assert.equal((await session(page)).storage, 'memory');
  await page.evaluate(() => localStorage.setItem('cart', 'x'.repeat(30_000)));
  await collector.up();
  await drained(page);
  await check('storage all but full, 60 events, the collector down meanwhile', 62, { most: 12 });
});

test('storage fills up in the middle', async () => {
  const page = await bare();
  await flush(page);
  await collector.down();
  await track(page, 10);
  await page.evaluate(() => {
    for (let size = 1 << 22; size >= 1; size >>= 1) {
      try {
        for (let place = 0; ; place++) localStorage.setItem('site' + size + '.' + place, 'x'.repeat(size));
      } catch {}
    }
  });
  await track(page, 10);
  assert.equal((await session(page)).storage, 'memory');
  await flush(page);
  await collector.up();
  await drained(page);
  await check('10 events, storage fills up, 10 events, the collector down meanwhile', 22, { most: 10 });
});

test('a burst', async () => {
  const page = await bare();
  await flush(page);
  await track(page, 10_000);
  const stored = await page.evaluate(() =>
    Object.entries(localStorage).reduce((sum, [key, text]) => sum + key.length + text.length, 0),
  );
  assert.ok(stored <= 560_000, `${stored} characters in storage`);
  await until('all is acknowledged', async () => (await session(page)).waiting === 0, 60_000);
  assert.equal((await session(page)).dropped, 0);
  await check('10,000 events in a row', 10_002, { most: 205 });
});

test('one of four tabs crashes', async () => {
  const pages = [];
  for (let place = 0; place < 4; place++) pages.push(await bare());
  await Promise.all(pages.map((page) => track(page, 60)));
  const crashed = pages[0].waitForEvent('crash');
  const devtools = await context.newCDPSession(pages[0]);
  devtools.send('Page.crash').catch(() => {});
  await crashed;
  await Promise.all(pages.slice(1).map((page) => track(page, 20)));
  await pages[0].close();
  // A page that begins takes over what the dead one has left.
  pages[0] = await bare();
  for (const page of pages) await drained(page);
  await check('four tabs of 60 events, one crashes, 20 more in each other, another page opens', 1 + 4 + 240 + 60 + 1, {
    most: 30,
  });
});

/** Crashes pages with events that their collector did not take. */
async function crashWithEvents(tracks = (page) => track(page, 20), count = 1) {
  const pages = [];
  for (let nth = 0; nth < count; nth += 1) pages.push(await bare());
  for (const page of pages) await flush(page);
  await collector.down();
  for (const page of pages) {
    await tracks(page);
    await flush(page);
  }
  for (const page of pages) {
    const crashed = page.waitForEvent('crash');
    const devtools = await context.newCDPSession(page);
    devtools.send('Page.crash').catch(() => {});
    await crashed;
    await page.close();
  }
  await collector.up();
}

test('what a dead tab left is taken over by one', async () => {
  await crashWithEvents();
  const before = context.batches.length;
  const pages = await Promise.all([bare(), bare(), bare()]);
  for (const page of pages) await drained(page);
  const taken = context.batches.slice(before).filter((batch) => batch.events.some(({ name }) => name === 'view_item'));
  assert.equal(taken.length, 1);
  await check('a tab crashes with 20 events, three pages open at once', 25, { most: 8 });
});

test('what two dead tabs left under the same numbers is taken over whole', async () => {
  await crashWithEvents(async (page) => {
    for (let task = 0; task < 70; task += 1) await track(page, 1);
  }, 2);
  const page = await bare();
  await until('all is taken over', async () => (await session(page)).sent + (await session(page)).waiting >= 141);
  await drained(page);
  await check('two tabs crash with 70 events of as many tasks each, another page', 144, { most: 20 });
});

test('what a dead tab left in hundreds of tasks is taken over in a few', async () => {
  await crashWithEvents(async (page) => {
    for (let task = 0; task < 260; task += 1) await track(page, 1);
  });
  const page = await bare();
  await until('all is taken over', async () => (await session(page)).sent + (await session(page)).waiting >= 261);
  await drained(page);
  await check('a tab crashes with 260 events of as many tasks, another page', 263, { most: 20 });
});

test('what a dead tab left is taken over by a page that comes into view', async () => {
  const other = await bare();
  await flush(other);
  await crashWithEvents();
  assert.equal((await session(other)).waiting, 0);
  await other.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await collector.settled(23);
});

test('without locks, what others left is taken over when it is a day old', async () => {
  await context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }));
  await context.clock.install();
  await crashWithEvents();
  const waits = (page) =>
    page.evaluate(() => Object.keys(localStorage).filter((key) => /^shopbell\.\w+\.\d/.test(key)).length > 0);
  const young = await bare();
  await drained(young);
  assert.equal(await waits(young), true);
  await young.close();
  await context.clock.setSystemTime(Date.now() + 25 * 3_600_000);
  const old = await bare();
  await drained(old);
  assert.equal(await waits(old), false);
  assert.equal((await collector.events()).filter(({ name }) => name === 'view_item').length, 20);
});

test('a page is left before the script has come, and the next goes on', async () => {
  const [snippet] = (await (await fetch(`${collector.url}/`)).text()).match(/<script>\(.*?<\/script>/s);
  await context.route('**/slow*', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><title>Slow</title>${snippet}<script async src="/never.js" data-collector="/collect" data-site="shop"></script>`,
    }),
  );
  await context.route('**/never.js', () => {});
  const page = await context.newPage();
  await page.goto(`${collector.url}/slow?utm_source=facebook&utm_medium=cpc`, { waitUntil: 'commit' });
  await page.waitForFunction(() => window.shopbell);
  await page.evaluate(() => {
    shopbell.track('purchase', { transaction_id: 'A1', value: 5, currency: 'EUR' });
    location.assign('/report/report.css');
  });
  await page.waitForURL('**/report.css');
  await collector.settled(3);
  const next = await bare();
  await drained(next);
  const [only, none] = await collector.sessions();
  assert.equal(none, undefined, 'one session');
  assert.deepEqual([only.source.source, only.transactions, only.page_views], ['facebook', 1, 2]);
  await check('a purchase, and the page is left before the script has come; another page', 4, { most: 3 });
});

for (const script of ['shopbell.js', 'shopbell.split.js'])
  test(`${script} is left in the moment it has come`, async () => {
    await context.route('**/quick', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<!doctype html><title>Quick</title><script src="/${script}" data-collector="/collect" data-site="shop"></script>
          <script>shopbell.track('purchase', { transaction_id: 'A1' }); location.assign('/report/report.css');</script>`,
      }),
    );
    const page = await context.newPage();
    await page.goto(`${collector.url}/quick`, { waitUntil: 'commit' }).catch(() => {});
    await page.waitForURL('**/report.css');
    await until('the purchase is there', async () => (await collector.events()).length >= 3);
    await check(`a purchase, and the page is left in the moment \`${script}\` has come`, 3, { most: 2 });
  });

test('an extension blocks the collector', async () => {
  let requests = 0;
  await context.route('**/collect', (route) => {
    requests++;
    return route.abort('blockedbyclient');
  });
  // A request has failed at once only on a clock that stands still: on its way through this test it takes as long as it takes.
  await context.clock.install();
  await context.clock.pauseAt(Date.now() + 1000);
  const page = await bare();
  await track(page, 20);
  const failures = () => page.evaluate(() => Number.parseInt(localStorage['shopbell.breaker'], 10));
  for (let tries = 1; tries <= 8; tries += 1) {
    await context.clock.fastForward(tries === 1 ? 5000 : 1000 * 2 ** (tries - 1));
    await until(`request ${tries} was blocked`, async () => (await failures()) === tries);
  }
  await track(page, 1);
  await page.evaluate(() => void shopbell.flush());
  await context.clock.fastForward(300_000);
  assert.equal(requests, 8);
  await context.unroute('**/collect');
  await page.evaluate(() => shopbell.newSession());
  await drained(page);
  await check('21 events, an extension blocks all until the next session', 25, { most: 12 });
});

test('back and forward', async () => {
  await end(context);
  context = await keepingProfile();
  const page = await bare();
  await collector.down();
  await track(page, 10);
  await page.goto('about:blank').catch(() => {});
  await collector.up();
  await page.goBack({ waitUntil: 'commit' });
  await ready(page);
  await drained(page);
  await check('10 events, the collector down, away and back to the kept page', 13, { most: 8 });
});
