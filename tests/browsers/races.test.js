// Tabs and frames that do something at the same moment have one session. Each test says how many session ids each of
// its runs gave; RACES says how many runs there are of each: ten, or five with all the other suites.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Collector, close, EVENING, end, launch, open, profile, ready, serve, until } from './support.js';

const RUNS = +(process.env.RACES || (process.env.SAMPLE ? 5 : 10));
const MINUTE = 60_000;

let collector;
before(launch);
after(close);
beforeEach(async () => (collector = await Collector.start()));
afterEach(() => collector.stop());

/** Says how many runs gave how many ids, and returns the most that one gave. */
function tell(what, counts) {
  const runs = new Map();
  for (const count of counts) runs.set(count, (runs.get(count) ?? 0) + 1);
  const list = [...runs].sort().map(([ids, times]) => `${ids} in ${times} of ${counts.length} runs`);
  console.log(`${what}, session ids: ${list.join(', ')}`);
  return Math.max(...counts);
}

/** Session ids that reached the collector. */
const delivered = async (site) => {
  const events = await collector.get(`events?site=${site}&limit=10000`);
  return new Set(events.map(({ session_id }) => session_id));
};

test('four tabs that open at once on an empty profile have one session', async () => {
  const counts = [];
  for (let run = 0; run < RUNS; run += 1) {
    const context = await profile();
    const site = `tabs${run}`;
    await serve(context, '**/empty', { site });
    const pages = await Promise.all([1, 2, 3, 4].map(() => context.newPage()));
    await Promise.all(pages.map((page) => page.goto(`${collector.url}/empty`)));
    await Promise.all(pages.map(ready));
    const ids = await Promise.all(pages.map((page) => page.evaluate(() => shopbell.session().id)));
    await Promise.all(pages.map((page) => page.evaluate(() => shopbell.flush())));
    const all = new Set([...ids, ...(await delivered(site))]);
    counts.push(all.size);
    const starts = (await collector.get(`events?site=${site}`)).filter(({ name }) => name === 'session_start');
    assert.equal(starts.length, all.size, 'a session begins once');
    await end(context);
  }
  assert.equal(tell('four tabs at once', counts), 1);
});

test('fifteen frames at once on an empty profile have one session', async () => {
  const counts = [];
  for (let run = 0; run < RUNS; run += 1) {
    const context = await profile();
    const site = `frames${run}`;
    await serve(context, '**/frame', { site });
    await context.route('**/frames', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<!doctype html><title>Frames</title>${'<iframe src="/frame"></iframe>'.repeat(15)}`,
      }),
    );
    const page = await context.newPage();
    await page.goto(`${collector.url}/frames`);
    const frames = page.frames().slice(1);
    assert.equal(frames.length, 15);
    await Promise.all(frames.map(ready));
    const ids = await Promise.all(frames.map((frame) => frame.evaluate(() => shopbell.session().id)));
    await Promise.all(frames.map((frame) => frame.evaluate(() => shopbell.flush())));
    const all = new Set([...ids, ...(await delivered(site))]);
    counts.push(all.size);
    await end(context);
  }
  assert.equal(tell('fifteen frames at once', counts), 1);
});

/**
 * Four tabs that act within the same instant, run after run: all on a message that a fifth page of the origin sends.
 * Before each run the clock moves on by `ms`. What the first of them does is `first`, and says the others' session ids.
 */
async function race(what, ms, attributes, first = () => shopbell.track('race')) {
  const context = await profile({ timezoneId: 'Europe/Paris' });
  await context.clock.install({ time: EVENING });
  await serve(context, '**/race', { site: 'race', attributes });
  const pages = [];
  for (let tab = 0; tab < 4; tab += 1) pages.push(await open(context, `${collector.url}/race`));
  const starter = await context.newPage();
  await starter.goto(`${collector.url}/clock.js`);
  await context.clock.pauseAt(new Date(EVENING.getTime() + MINUTE));
  for (const [tab, page] of pages.entries()) {
    await page.evaluate(`
      window.ids = [];
      window.act = ${tab ? `() => shopbell.track('race')` : first};
      new BroadcastChannel('go').onmessage = ({ data }) => {
        act(data);
        ids.push(shopbell.session().id);
      };`);
  }
  const counts = [];
  const reasons = new Set();
  for (let run = 0; run < RUNS; run += 1) {
    await context.clock.fastForward(ms);
    await starter.evaluate((run) => new BroadcastChannel('go').postMessage(run), run);
    const acted = await Promise.all(
      pages.map((page) => until('a tab acts', () => page.evaluate((run) => ids[run], run))),
    );
    counts.push(new Set(acted).size);
    // Whoever acts next has what the last one wrote: they agree again.
    const settled = await until('the tabs agree', async () => {
      const now = await Promise.all(pages.map((page) => page.evaluate(() => shopbell.session())));
      return new Set(now.map(({ id }) => id)).size === 1 && now[0];
    });
    reasons.add(settled.reason);
    assert.equal(new Set(acted).has(settled.id), true);
  }
  await end(context);
  return [tell(what, counts), [...reasons]];
}

test('four tabs that act at once after half an hour have one new session', async () => {
  assert.deepEqual(await race('four expiries at once', 31 * MINUTE, ''), [1, ['inactivity']]);
});

test('four tabs that act at once after midnight have one new session', async () => {
  const [most, reasons] = await race('four midnights at once', 23.5 * 60 * MINUTE, 'data-timeout-minutes="1440"');
  assert.equal(most, 1);
  assert.ok(reasons.includes('midnight'));
});

test('of four tabs that act at once after half an hour, the one with a new campaign may have its own', async () => {
  const arrive = (run) => history.pushState(null, '', `/race?utm_source=source${run}`);
  const [most] = await race('four expiries at once, one by a campaign', 31 * MINUTE, '', arrive);
  assert.ok(most <= 2);
});
