// The report in a browser: whole whatever it is told, for the eye, the keyboard and the screen reader, on phone, desk and paper.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { Collector, close, launch, until } from './support.js';

const TOKEN = 'the token of an owner';
const HOSTILE = '<img src=x onerror="window.isHurt=true">"\'\u202e&lt;';
const LONG = 8000;
const CURRENCIES = 200;
const VIEWS = ['overview', 'sources', 'actions', 'products', 'funnel', 'orders', 'sessions', 'missing'];
const SIZES = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 900 } };

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser;
let collector;

before(async () => {
  browser = await launch();
  collector = await Collector.start(undefined, ['--token', TOKEN, '--goal', `${HOSTILE.replace(/[=:]/g, '')}=sign_up`]);
  await tell();
});

after(async () => {
  await close();
  await collector.stop();
});

const post = (body) =>
  fetch(`${collector.url}/collect`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { authorization: `Bearer ${TOKEN}` },
  });

function batch(number, told) {
  const { site = 'shop', source, landing_page = '/', events, at = Date.now() - 36e5 } = told;
  const url = 'https://shop.example' + landing_page.slice(0, 2000);
  const event = ({ name, props }, seq) => {
    const id = number + ' ' + seq;
    return { id, name, time: at + seq, tab_id: 'tab ' + number, page_id: 'page', seq, url, title: '', props };
  };
  const session = { id: 'session ' + number, number: 1, reason: 'first', started_at: at, landing_page, source };
  const device = { id: 'device ' + number, screen: [390, 844] };
  return { schema: 'shopbell/1', site, sent_at: Date.now(), device, session, events: events.map(event) };
}

/** Names that are too long, of markup, of formulas; more currencies than there are; a year that has not come. */
async function tell() {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
  const long = (letter) => letter.repeat(LONG);
  const name = '=HYPERLINK("http://evil.example")' + 'w'.repeat(1000);
  const item = { item_id: HOSTILE, item_name: name, price: 1, quantity: 1 };
  const longest = { source: long('s'), medium: 'cpc', campaign: long('c'), referrer: 'https://' + long('r').slice(8) };
  const events = [
    { name: 'page_view' },
    { name: 'view_item', props: { items: [item] } },
    { name: 'add_to_cart', props: { currency: 'EUR', value: 1, items: [item] } },
    { name: 'search', props: { search_term: HOSTILE } },
    { name: 'sign_up' },
  ];
  const told = [
    { events, source: longest, landing_page: '/' + long('p').slice(1) },
    { events, source: { source: HOSTILE, medium: '=1+1', campaign: '=cmd|calc' }, landing_page: '/=1+1' },
    { events, source: { source: '@sum', medium: 'x' }, site: HOSTILE },
    { events, source: { source: 'future', medium: 'x' }, at: Date.now() + 366 * 864e5 },
  ];
  for (const [number, one] of told.entries()) assert.equal((await post(batch(number, one))).status, 204);
  const sold = Array.from({ length: CURRENCIES }, (_, number) => {
    const currency = letters[number % 26] + letters[Math.floor(number / 26)] + 'X';
    const props = {
      transaction_id: HOSTILE + ' ' + number,
      value: number + 0.5,
      currency,
      items: number ? [] : [item],
    };
    return { name: 'purchase', props };
  });
  const source = { source: '+1', medium: 'x' };
  assert.equal((await post(batch('many', { source, events: [{ name: 'page_view' }, ...sold] }))).status, 204);
}

/** A page of somebody who has signed in; what goes wrong in it fails. */
async function owner(context, options = {}) {
  const profile = await browser.newContext({ timezoneId: 'Europe/Paris', ...options });
  const page = await profile.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  context.after(async () => {
    assert.equal(await page.evaluate(() => window.isHurt), undefined);
    await profile.close();
    assert.deepEqual(problems, []);
  });
  await page.goto(`${collector.url}/report/`);
  await page.getByLabel('Token').fill(TOKEN);
  await page.getByRole('button').click();
  await page.locator('#live.on').waitFor();
  return page;
}

async function show(page, query) {
  await page.goto(`${collector.url}/report/?${query}`);
  await page.locator('#live.on').waitFor();
  await page.locator('main section').first().waitFor();
  await until('all has come', async () => (await page.getByText('Asking the collector').count()) === 0);
}

/** What axe finds, in a sentence each. */
async function violations(page) {
  const { violations } = await page.evaluate(`${axe}; axe.run()`);
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0].html.slice(0, 200)}`);
}

const isTooWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);

for (const [size, viewport] of Object.entries(SIZES))
  for (const colorScheme of ['light', 'dark'])
    test(`on ${size}, ${colorScheme}: every view is whole, whatever it is told, and axe finds nothing`, async (context) => {
      const page = await owner(context, { viewport, colorScheme, bypassCSP: true });
      for (const view of VIEWS) {
        await show(page, `view=${view}&period=all`);
        assert.deepEqual(await violations(page), [], view);
        assert.ok(!(await isTooWide(page)), `${view} is wider than the screen`);
      }
      for (const query of [
        'view=sources&by=campaign',
        'view=actions&by=search',
        'view=actions&by=goal',
        'view=sessions&session=session+0',
      ]) {
        await show(page, `period=all&${query}`);
        assert.ok(!(await isTooWide(page)), `${query} is wider than the screen`);
      }
    });

test('long names are cut in the middle, and whole on request', async (context) => {
  const page = await owner(context);
  await show(page, 'view=sources&by=source&period=all');
  const row = page.locator('tbody tr', { hasText: 'sssss' });
  const name = await row.locator('th a').textContent();
  assert.match(name, /^s{34}…s{22}$/);
  await row.getByRole('button', { name: 'whole' }).click();
  assert.equal((await row.locator('th a').textContent()).length, 256);
  assert.ok(!(await isTooWide(page)));
});

test('many currencies are told apart, and one is chosen', async (context) => {
  const page = await owner(context);
  await show(page, 'period=all');
  await page.getByText('and 197 currencies').waitFor();
  await page.getByRole('combobox', { name: 'Currency' }).selectOption('BAX');
  await page.locator('section', { hasText: 'Sources' }).getByText('BAX 2').first().waitFor();
});

test('a site that is named by a villain is a name', async (context) => {
  const page = await owner(context);
  await page.getByRole('combobox', { name: 'Site' }).selectOption(HOSTILE);
  await until('its one session', async () => (await page.textContent('#figures dd')) === '1');
  assert.equal(new URL(page.url()).searchParams.get('site'), HOSTILE);
});

test('what a spreadsheet gets is text and numbers', async (context) => {
  const page = await owner(context);
  await show(page, 'view=sources&by=source&period=all');
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'CSV' }).click();
  const file = await readFile(await (await download).path(), 'utf8');
  const [head, ...rows] = file.trim().split('\r\n');
  assert.match(head, /^name,sessions,visitors,page_views,/);
  const names = rows.map((row) => (row[0] === '"' ? row.slice(1) : row));
  assert.equal(rows.length, 5);
  assert.ok(
    names.every((name) => !/^[=+\-@]/.test(name)),
    file.slice(0, 300),
  );
  assert.ok(names.some((name) => name.startsWith("'@sum,1,")));
});

test('every view is a link, and back goes back', async (context) => {
  const page = await owner(context);
  await show(page, 'period=all');
  await page.getByRole('region', { name: 'Sources: ' }).getByRole('link', { name: 'future' }).click();
  await page.getByRole('link', { name: 'Products', exact: true }).click();
  await page.getByRole('link', { name: 'Revenue' }).click();
  await until('sorted', async () => (await page.locator('th[aria-sort]').textContent()).startsWith('Revenue'));
  const shown = await page.textContent('main');
  const other = await page.context().newPage();
  await other.goto(page.url());
  await until('the same', async () => (await other.textContent('main')) === shown);
  await page.goBack();
  await until('sorted as before', async () => (await page.locator('th[aria-sort]').textContent()).startsWith('Views'));
  await page.goBack();
  await page.locator('#figures').waitFor();
  assert.equal(await page.locator('#filters').textContent(), 'Source: future ×');
});

test('keys alone sort, filter and open', async (context) => {
  const page = await owner(context);
  await show(page, 'view=sources&period=all');
  const press = async (target) => {
    await target.focus();
    await page.keyboard.press('Enter');
  };
  await press(page.getByRole('columnheader', { name: 'Orders' }).getByRole('link'));
  await until('sorted', async () => (await page.locator('tbody th').first().textContent()) === '+1');
  await press(page.getByRole('link', { name: '+1' }));
  await page.locator('#filters').waitFor();
  await press(page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Sessions' }));
  await press(page.locator('#latest summary').first());
  await page.locator('.inside table').waitFor();
});

test("numbers are written in the reader's language", async (context) => {
  const page = await owner(context, { locale: 'de-DE' });
  await show(page, 'period=all&currency=EUR');
  const shown = await page.textContent('#figures');
  assert.match(shown, /\d,\d/);
  assert.doesNotMatch(shown, /\d\.\d%/);
});

test('an open page asks for nothing new while nothing is new', async (context) => {
  const page = await owner(context);
  await show(page, 'period=all');
  await page.waitForLoadState('networkidle');
  const statuses = [];
  page.on(
    'response',
    (response) => response.url().includes('/api/') && statuses.push([response.status(), response.url()]),
  );
  const seen = await page.evaluate(() => {
    window.changes = 0;
    new MutationObserver((list) => (window.changes += list.length)).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  });
  assert.equal(seen, undefined);
  await until('it has asked again', async () => statuses.filter(([, url]) => url.includes('/api/report')).length >= 2);
  // Who is there now is asked anew each minute.
  const others = statuses.filter(([, url]) => !url.includes('/api/now'));
  assert.deepEqual(
    others.filter(([status]) => status !== 304),
    [],
  );
  assert.equal(await page.evaluate(() => window.changes), 0);
});

test('there is a sentence for each state that is none to show', async (context) => {
  const page = await owner(context);
  const expectText = (text) => page.getByText(text).first().waitFor();
  await show(page, 'from=2031-01-01&to=2031-12-31').catch(() => {});
  await expectText('No session in this time');
  await page.goto(`${collector.url}/report/?view=orders&search=nothing-like-it`);
  await expectText('No order begins so.');
  await page.goto(`${collector.url}/report/?view=products&from=2001-01-01&to=2001-02-01`);
  await expectText('No event of this time tells of a product.');
});

test('a question that is wrong, a collector that is gone, an owner who is signed out', async () => {
  const profile = await browser.newContext();
  await profile.addCookies([]);
  const page = await profile.newPage();
  await page.goto(`${collector.url}/report/`);
  await page.getByLabel('Token').fill(TOKEN);
  await page.getByRole('button').click();
  await page.locator('#live.on').waitFor();
  await page.goto(`${collector.url}/report/?zone=Nowhere`);
  await page.getByRole('alert').getByText('is no time zone; accepted is').waitFor();
  await page.goto(`${collector.url}/report/?period=all`);
  await page.locator('#figures').waitFor();
  await page.route('**/api/report?*', (route) =>
    route.fulfill({ status: 500, json: { error: 'the store could not be read' } }),
  );
  await page.getByRole('alert').getByText('The store could not be read.').waitFor();
  await page.unroute('**/api/report?*');
  await page.locator('#live.on').waitFor();
  await collector.down();
  await page.getByRole('alert').getByText('does not answer').first().waitFor();
  assert.ok(await page.locator('#figures').isVisible(), 'what is known stays');
  await collector.up();
  await page.locator('#live.on').waitFor();
  await profile.clearCookies();
  await page.waitForURL('**/sign-in');
  await profile.close();
});

test('on paper there are figures and no controls', async (context) => {
  const page = await owner(context);
  await show(page, 'period=all');
  await page.emulateMedia({ media: 'print' });
  assert.ok(await page.locator('#figures').isVisible());
  for (const gone of ['#period', '#live', 'header nav', '.as-table'])
    assert.ok(!(await page.locator(gone).first().isVisible()), gone);
});

test('a strict policy is enough, and the page is in no frame', async () => {
  const { headers } = await fetch(`${collector.url}/report/`, { headers: { authorization: `Bearer ${TOKEN}` } });
  assert.doesNotMatch(headers.get('content-security-policy'), /unsafe|\*|http/);
  assert.match(headers.get('content-security-policy'), /frame-ancestors 'none'/);
});
