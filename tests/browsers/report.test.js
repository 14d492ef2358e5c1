// Questions of a shop's owner: the clicks that answer each, and the answer found another way, from the events themselves.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Collector, close, launch, MIDDAY, root, until } from './support.js';

/** A zone in which no day ends, and no clock is changed, while this runs. */
const ZONE = MIDDAY;
const VISITS = 1500;
const WORDS = ['--time-zone', ZONE, '--goal', 'Newsletter=sign_up', '--goal', 'Contact=/contact*'];

let collector;
let browser;
let page;
/** Sessions of people, their events, and their orders. */
let sessions;
let events;
let orders;
let refunds;

const run = (file, words) =>
  new Promise((resolve, reject) => {
    const process = spawn(join(root, file), words, { stdio: ['ignore', 'ignore', 'inherit'] });
    process.once('exit', (code) => (code ? reject(new Error(`${file} ended with ${code}`)) : resolve()));
  });

/** The day of a moment, in the shop's time zone. */
const dayOf = (moment) => new Intl.DateTimeFormat('en-CA', { timeZone: ZONE, dateStyle: 'short' }).format(moment);
const daysAgo = (days) => dayOf(Date.now() - days * 864e5);

before(async () => {
  collector = await Collector.start(undefined, WORDS);
  await collector.down();
  const store = `sqlite:${join(collector.folder, 'events.sqlite')}`;
  await run('target/debug/shopbell-load', [
    ...['--collector', join(root, 'target/debug/shopbell-collector')],
    ...['--month', `${VISITS}`, '--store', store],
  ]);
  await collector.up();
  browser = await launch();
  const all = await collector.get('sessions?limit=10000');
  assert.equal(all.length, VISITS);
  sessions = all.filter(({ bot, began_at }) => !bot && dayOf(began_at) >= daysAgo(29));
  const known = new Set(sessions.map(({ id }) => id));
  events = (await collector.events()).filter(({ session_id }) => known.has(session_id));
  orders = new Map();
  for (const { name, props, session_id } of events) {
    const { transaction_id, value, currency, items } = props ?? {};
    if (name === 'purchase') orders.set(transaction_id, { value, currency, items, session: of(session_id) });
  }
  refunds = events.filter(({ name }) => name === 'refund').map(({ props }) => props);
});

after(async () => {
  await close();
  await collector.stop();
});

beforeEach(async (context) => {
  page = await (await browser.newContext({ timezoneId: 'America/New_York' })).newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await page.goto(`${collector.url}/report/`);
  await page.locator('#live.on').waitFor();
  context.after(async () => {
    await page.context().close();
    assert.deepEqual(problems, []);
  });
});

/** Node 20 has no `Object.groupBy`. */
function groupBy(list, keyOf) {
  const groups = {};
  for (const one of list) (groups[keyOf(one)] ??= []).push(one);
  return groups;
}
const of = (id) => sessions.find((session) => session.id === id);
const sum = (list, of) => Math.round(list.reduce((total, one) => total + of(one), 0) * 100) / 100;
const euros = (chosen = () => true) =>
  sum(
    [...orders.values()].filter((order) => order.currency === 'EUR' && chosen(order)),
    ({ value }) => value,
  );
const money = (value, currency = 'EUR') =>
  new Intl.NumberFormat('en-US', { style: 'currency', currency }).format(value);
const count = (number) => new Intl.NumberFormat('en-US').format(number);
const percent = (part) => new Intl.NumberFormat('en-US', { style: 'percent', maximumFractionDigits: 1 }).format(part);
const named = (...names) => events.filter(({ name }) => names.includes(name));
const sessionsWith = (...names) => new Set(named(...names).map(({ session_id }) => session_id));
const bought = (list) => list.filter(({ id }) => [...orders.values()].some(({ session }) => session.id === id)).length;

const view = async (name) => {
  await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name, exact: true }).click();
};
const choose = (label, option) =>
  page.getByRole('combobox', { name: label, exact: true }).selectOption({ label: option });
const sortBy = (label) =>
  page.getByRole('columnheader', { name: label, exact: false }).getByRole('link', { name: label }).click();

/** The cells of the row whose name begins so, by their columns; waits until they are as expected. */
async function expectRow(table, name, expected) {
  const place = page.getByRole('region', { name: table });
  let found;
  await until(
    `${table}, ${name}: ${JSON.stringify(expected)}`,
    async () => {
      if (!(await place.count())) return false;
      found = await place.evaluate((section, name) => {
        const heads = [...section.querySelectorAll('thead th')].map((head) => head.textContent.replace(/ [↓↑]$/, ''));
        const rows = [...section.querySelectorAll('tbody tr')];
        const row = name === undefined ? rows[0] : rows.find((one) => one.cells[0].textContent.startsWith(name));
        return row && Object.fromEntries([...row.cells].map((cell, index) => [heads[index], cell.textContent]));
      }, name);
      return found && Object.entries(expected).every(([column, text]) => found[column] === text);
    },
    5000,
  ).catch((error) => assert.deepEqual(found, expected, error.message));
}

/** The figures of a list, by their labels. */
const figures = (list = '#figures') =>
  page.evaluate(
    (list) =>
      Object.fromEntries(
        [...document.querySelectorAll(`${list} > div`)].map((one) => {
          const [label, ...values] = [...one.children].map((part) => part.textContent);
          return [label, values];
        }),
      ),
    list,
  );

async function expectFigures(expected, list) {
  const isThere = async () => {
    const found = await figures(list);
    return Object.entries(expected).every(([label, value]) => found[label]?.includes(value));
  };
  await until(JSON.stringify(expected), isThere, 5000).catch(async (error) =>
    assert.deepEqual(await figures(list), expected, error.message),
  );
}

test('1. how many came, and how many of them are visitors?', async () => {
  await choose('Period', '30 days');
  const visitors = new Set(sessions.map(({ device_id }) => device_id)).size;
  await expectFigures({ Sessions: count(sessions.length), Visitors: count(visitors) });
});

test('2. is this week better than the last?', async () => {
  await choose('Period', '7 days');
  const now = sessions.filter(({ began_at }) => dayOf(began_at) >= daysAgo(6)).length;
  const last = sessions.filter(({ began_at }) => dayOf(began_at) >= daysAgo(13) && dayOf(began_at) <= daysAgo(7));
  const before = (moment) => last.filter(({ began_at }) => began_at < moment).length;
  const change = new Intl.NumberFormat('en-US', {
    style: 'percent',
    maximumFractionDigits: 0,
    signDisplay: 'exceptZero',
  });
  await expectFigures({ Sessions: count(now) });
  // As much of the last week as has passed of this one, some seconds ago.
  const ago = Date.now() - 7 * 864e5;
  const expected = [ago, ago - 7e4].map(
    (moment) => `${change.format(now / before(moment) - 1)} than in the time before`,
  );
  const [, text] = (await figures()).Sessions;
  assert.ok(expected.includes(text), `${text}, and not ${expected}`);
});

test('3. what did the spring campaign earn?', async () => {
  await view('Sources');
  await choose('By', 'Campaign');
  const earned = euros(({ session }) => session.source.campaign === 'spring');
  await expectRow('Sessions by campaign', 'spring', { Revenue: money(earned) });
});

test('4. which source converts best?', async () => {
  await view('Sources');
  await sortBy('Conversion');
  const sources = Object.entries(groupBy(sessions, ({ source }) => source.source));
  const [[name, rate]] = sources
    .map(([name, list]) => [name, bought(list) / list.length])
    .sort(([, one], [, other]) => other - one);
  await expectRow('Sessions by source', undefined, { Source: name, Conversion: percent(rate) });
});

test('5. which products are looked at and not bought?', async () => {
  await view('Products');
  await sortBy('Orders of sessions');
  await sortBy('Orders of sessions');
  const ids = new Set(named('view_item').map(({ props }) => props.items[0].item_id));
  const rates = [...ids].map((id) => {
    const views = named('view_item').filter(({ props }) => props.items[0].item_id === id);
    const sold = [...orders.values()].filter(({ items }) => items.some((item) => item.item_id === id)).length;
    return { id, views: views.length, sold, rate: sold / new Set(views.map(({ session_id }) => session_id)).size };
  });
  const [least] = rates.sort((one, other) => one.rate - other.rate);
  assert.equal(least.id, 'rug');
  await expectRow('Products: views, carts, orders, revenue', undefined, {
    Views: count(least.views),
    Orders: count(least.sold),
    'Orders of sessions': percent(least.rate),
  });
});

test('6. which product earns the most?', async () => {
  await view('Products');
  await sortBy('Revenue');
  const earned = {};
  for (const { currency, items } of orders.values()) {
    for (const { item_id, price, quantity } of currency === 'EUR' ? items : [])
      earned[item_id] = (earned[item_id] ?? 0) + price * quantity;
  }
  const [[, most]] = Object.entries(earned).sort(([, one], [, other]) => other - one);
  await expectRow('Products: views, carts, orders, revenue', undefined, { Revenue: money(most) });
});

test('7. what is in abandoned carts?', async () => {
  await view('Funnel and carts');
  const left = {};
  for (const { name, props, session_id } of named('add_to_cart', 'remove_from_cart')) {
    if ([...orders.values()].some(({ session }) => session.id === session_id)) continue;
    left[session_id] ??= { value: 0, currency: props.currency };
    left[session_id].value += name === 'add_to_cart' ? props.value : -props.value;
  }
  const carts = Object.values(left);
  const value = sum(
    carts.filter(({ currency }) => currency === 'EUR'),
    ({ value }) => Math.max(value, 0),
  );
  await expectFigures({ Abandoned: count(carts.length), 'Left in them': money(value) }, '#carts');
});

test('8. where do visitors drop off?', async () => {
  await view('Funnel and carts');
  const viewed = sessionsWith('view_item');
  const carted = sessionsWith('add_to_cart');
  const both = [...carted].filter((id) => viewed.has(id)).length;
  await expectRow('Sessions that reached each step', 'add to cart', {
    Sessions: count(carted.size),
    'Of those before': percent(both / viewed.size),
    Lost: `−${percent(1 - both / viewed.size)}`,
  });
});

test('9. on which page do those leave who looked at a product?', async () => {
  await view('Funnel and carts');
  const viewed = sessionsWith('view_item');
  const further = sessionsWith('add_to_cart', 'begin_checkout', 'add_shipping_info', 'add_payment_info', 'purchase');
  const last = {};
  for (const { session_id, url, time } of named('page_view')) {
    if (viewed.has(session_id) && !further.has(session_id) && time >= (last[session_id]?.time ?? 0))
      last[session_id] = { url, time };
  }
  const pages = groupBy(Object.values(last), ({ url }) => new URL(url).pathname);
  const [[name, list]] = Object.entries(pages).sort(([, one], [, other]) => other.length - one.length);
  await expectRow('no further than view item', undefined, { 'Last page': name, Sessions: count(list.length) });
});

test('10. what do visitors search for?', async () => {
  await view('Pages and goals');
  await choose('By', 'Search');
  const terms = groupBy(named('search'), ({ props }) => props.search_term.toLowerCase());
  const [name, times] = Object.entries(terms).sort(([, one], [, other]) => other.length - one.length)[0];
  await expectRow('Sessions by search', name, { Times: count(times.length) });
});

test('11. what came back, and what is left?', async () => {
  const back = sum(
    refunds.filter(({ transaction_id }) => orders.get(transaction_id)?.currency === 'EUR'),
    ({ value }) => value,
  );
  assert.ok(back > 0);
  await expectFigures({ Revenue: money(euros()), 'Net revenue': money(euros() - back) });
});

test('12. what do people on phones spend?', async () => {
  await view('Sources');
  await choose('By', 'Device');
  const onPhones = sessions.filter(({ device }) => device === 'phone');
  await expectRow('Sessions by device', 'phone', {
    Sessions: count(onPhones.length),
    Revenue: money(euros(({ session }) => session.device === 'phone')),
  });
});

test('13. do returning visitors buy more often than new ones?', async () => {
  await view('Sources');
  await choose('By', 'New or returning');
  const isNew = ({ number }) => number === 1;
  for (const [name, list] of [
    ['new', sessions.filter(isNew)],
    ['returning', sessions.filter((session) => !isNew(session))],
  ])
    await expectRow('Sessions by new or returning', name, { Conversion: percent(bought(list) / list.length) });
});

test('14. what do those buy whom the newsletter brought first?', async () => {
  await view('Sources');
  await choose('As of', "the device's first session");
  const first = euros(({ session }) => session.first_touch.source === 'newsletter');
  await expectRow('Sessions by source', 'newsletter', { Revenue: money(first) });
  await choose('As of', 'the latest that was not direct');
  const latest = euros(({ session }) => (session.last_non_direct ?? session.source).source === 'newsletter');
  await expectRow('Sessions by source', 'newsletter', { Revenue: money(latest) });
});

test('15. how was a day?', async () => {
  const day = daysAgo(5);
  await choose('Period', 'From … to …');
  await page.getByLabel('From', { exact: true }).fill(day);
  await page.getByLabel('to', { exact: true }).fill(day);
  await page.getByRole('button', { name: 'Show' }).click();
  const those = sessions.filter(({ began_at }) => dayOf(began_at) === day);
  await expectFigures({
    Sessions: count(those.length),
    Orders: count([...orders.values()].filter(({ session }) => those.includes(session)).length),
  });
});

test('16. what do people on phones do whom Google brought?', async () => {
  await page.getByRole('region', { name: 'Sources: ' }).getByRole('link', { name: 'google' }).click();
  await page.getByRole('region', { name: 'Devices: ' }).getByRole('link', { name: 'phone' }).click();
  const those = sessions.filter(({ source, device }) => source.source === 'google' && device === 'phone');
  await expectFigures({ Sessions: count(those.length), Conversion: percent(bought(those) / those.length) });
  assert.match(page.url(), /source=google/);
  await page.getByRole('link', { name: 'Without the filter Device' }).click();
  await expectFigures({ Sessions: count(sessions.filter(({ source }) => source.source === 'google').length) });
  await page.goBack();
  await expectFigures({ Sessions: count(those.length) });
});

test('17. where did an order come from?', async () => {
  const [id, { session, value, currency }] = [...orders].find(
    ([, { session }]) => session.source.campaign === 'weekly',
  );
  await view('Orders');
  await page.getByLabel('Order begins with').fill(id);
  await page.getByRole('button', { name: 'Search' }).click();
  await expectRow('Orders, the latest first', id, { Value: money(value, currency), Source: 'newsletter · weekly' });
  assert.equal(session.source.source, 'newsletter');
});

test('18. what happened in a session?', async () => {
  const [id, { session }] = [...orders][0];
  await page.goto(`${collector.url}/report/?view=orders&search=${id}`);
  await page.getByRole('link', { name: 'Show' }).click();
  const those = events.filter(({ session_id }) => session_id === session.id);
  const rows = page.locator('.inside tbody tr:not(.pause):not(.gap)');
  await until('its events are listed', async () => (await rows.count()) === those.length);
  const times = those.map(({ corrected_time }) => corrected_time).sort((one, other) => one - other);
  const pauses = times.filter((time, index) => index > 0 && time - times[index - 1] >= 3e5).length;
  assert.equal(await page.locator('.inside .pause').count(), pauses);
  await page.getByText(/last event was at|next session began|may go on/).waitFor();
});

test('18. and what is missing from it?', async () => {
  const places = ({ seq }) => seq;
  const gaps = (list) => Math.max(...list.map(places)) - Math.min(...list.map(places)) + 1 - list.length;
  const pages = events.filter(({ tab_id }) => tab_id);
  const [id, list] = Object.entries(groupBy(pages, ({ session_id }) => session_id)).find(([, list]) => gaps(list) > 0);
  assert.equal(gaps(list), 1);
  await page.goto(`${collector.url}/report/?view=sessions&session=${id}`);
  await page.locator('.inside .gap').waitFor();
  assert.deepEqual(await page.locator('.inside .gap').allTextContents(), ['1 event of this tab is missing']);
});

test('19. how many orders did no page tell of?', async () => {
  await view('What is missing');
  const byServer = named('purchase')
    .filter(({ tab_id }) => !tab_id)
    .map(({ props }) => props.transaction_id);
  const byPage = new Set(
    named('purchase')
      .filter(({ tab_id }) => tab_id)
      .map(({ props }) => props.transaction_id),
  );
  const alone = new Set(byServer.filter((id) => !byPage.has(id)));
  assert.ok(alone.size > 0);
  const {
    'Orders told by the server alone': [shown],
  } = await figures('#missing');
  // Bots buy too here.
  assert.ok(+shown >= alone.size && +shown <= alone.size + 5, `${shown} of ${alone.size}`);
});

test('20. how many events are missing?', async () => {
  await view('What is missing');
  const all = await collector.events();
  const tabs = Object.values(
    groupBy(
      all.filter(({ tab_id }) => tab_id),
      ({ tab_id }) => tab_id,
    ),
  );
  const missing = tabs.reduce((sum, tab) => sum + Math.max(...tab.map(({ seq }) => seq)) + 1 - tab.length, 0);
  assert.ok(missing > 0);
  await expectFigures({ 'Events that are missing': count(missing) }, '#missing');
});

test('21. what is sold in pounds?', async () => {
  await choose('Currency', 'GBP');
  await view('Sources');
  const those = [...orders.values()].filter(
    ({ currency, session }) => currency === 'GBP' && session.source.source === 'google',
  );
  await expectRow('Sessions by source', 'google', {
    Revenue: money(
      sum(those, ({ value }) => value),
      'GBP',
    ),
  });
});

test('22. how many signed up?', async () => {
  await view('Pages and goals');
  await choose('By', 'Goal');
  const signed = sessionsWith('sign_up');
  await expectRow('Sessions by goal', 'Newsletter', {
    Sessions: count(signed.size),
    Times: count(named('sign_up').length),
  });
  await expectRow('Sessions by goal', 'Contact', { Sessions: '0' });
});

test('23. which landing page earns the most?', async () => {
  await view('Sources');
  await choose('By', 'Landing page');
  await sortBy('Revenue');
  const pages = [...new Set(sessions.map(({ landing_page }) => landing_page))];
  const earned = pages.map((name) => [name, euros(({ session }) => session.landing_page === name)]);
  const [[name, most]] = earned.sort(([, one], [, other]) => other - one);
  await expectRow('Sessions by landing page', undefined, { 'Landing page': name, Revenue: money(most) });
});

test('24. when do visitors come?', async () => {
  await page.getByText('As a table').click();
  const byDay = groupBy(sessions, ({ began_at }) => dayOf(began_at));
  const cells = () => page.locator('.as-table tbody td:nth-of-type(1)').allTextContents();
  const expected = Array.from({ length: 30 }, (_, index) => count(byDay[daysAgo(29 - index)]?.length ?? 0));
  await until('days', async () => (await cells()).length === 30);
  assert.deepEqual(await cells(), expected);
});
