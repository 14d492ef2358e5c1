// What a visit leaves in the browser and sends, compared with what src/core/formats/privacy.md says of it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { example } from './example.js';
import {
  Collector,
  clocked,
  close,
  EVENING,
  end,
  flush,
  launch,
  open,
  profile,
  root,
  serve,
  snippet,
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
  await end(context).finally(() => collector.stop());
});

/** The tables of the page: of each row the names in its first cell, and the other cells. */
const tables = (await readFile(`${root}/src/core/formats/privacy.md`, 'utf8'))
  .split(/\n\n/)
  .filter((part) => part.startsWith('| '))
  .map((table) =>
    table
      .trim()
      .split('\n')
      .slice(2)
      .map((row) => {
        const [names, ...cells] = row.slice(2, -2).split(' | ');
        return { names: [...names.matchAll(/`(.+?)`/g)].map(([, name]) => name), cells };
      }),
  );
const [kept, , sent, early] = tables;

/** What of ours stands in the browser: keys by place, and whatever else a page could keep things in. */
async function inBrowser(page) {
  const found = await page.evaluate(async () => ({
    localStorage: Object.keys(localStorage),
    sessionStorage: Object.keys(sessionStorage),
    cookies: document.cookie,
    databases: (await indexedDB.databases()).map(({ name }) => name),
    caches: await caches.keys(),
    name: window.name,
    state: JSON.stringify(history.state) ?? '',
  }));
  const { localStorage, sessionStorage, state, ...others } = found;
  assert.deepEqual(others, { cookies: '', databases: [], caches: [], name: '' });
  assert.doesNotMatch(state, /shopbell/);
  const ours = (keys) => keys.filter((key) => key.includes('shopbell'));
  const named = (key) =>
    key.replace(/^(shopbell)\.\w+\.\d+(\.\d+)?$/, (_, name, seq) => `${name}.<tab>.<seq>${seq ? '.<seq>' : ''}`);
  return [
    ...ours(localStorage).map((key) => `localStorage ${named(key)}`),
    ...ours(sessionStorage).map((key) => `sessionStorage ${named(key)}`),
  ];
}

/** The fields of a value, down to what the site itself gives. */
function fieldsOf(value, path = '') {
  if (['events[].props', 'options', 'calls[]'].includes(path) || value === null || typeof value !== 'object')
    return [path];
  if (Array.isArray(value)) return value.flatMap((one) => fieldsOf(one, `${path}[]`));
  return Object.entries(value).flatMap(([name, member]) => fieldsOf(member, path ? `${path}.${name}` : name));
}

/** Each field that was found is in the table, and each that is always there was found. */
function compare(table, found, what) {
  const all = new Set(found);
  const isOf = (name, field) => (name.endsWith('.*') ? field.startsWith(name.slice(0, -1)) : field === name);
  const names = table.flatMap((row) => row.names);
  const unlisted = [...all].filter((field) => !names.some((name) => isOf(name, field)));
  assert.deepEqual(unlisted, [], `${what}, and not in the table`);
  const always = table.filter(({ cells }) => cells.at(-1) === 'always').flatMap((row) => row.names);
  const missing = always.filter((name) => ![...all].some((field) => isOf(name, field)));
  assert.deepEqual(missing, [], `in the table, and not ${what}`);
}

const listed = () => kept.flatMap(({ names: [key], cells: [place] }) => `${place} ${key}`);

test('a visit keeps and sends what the tables say, and nothing else', async () => {
  context = await clocked(context);
  await context.clock.pauseAt(new Date(EVENING.getTime() + 1000));
  const found = new Set();
  const look = async (page) => (await inBrowser(page)).forEach((key) => found.add(key));
  await example(context, collector.url, look);
  assert.deepEqual(
    [...found].filter((key) => !listed().includes(key)),
    [],
  );
  compare(
    sent,
    context.batches.flatMap((batch) => fieldsOf(batch)),
    'sent',
  );
  assert.deepEqual(await context.cookies(), []);
});

test('so do visits on which all goes wrong', async () => {
  await context.clock.install();
  const found = new Set();
  const look = async (page) => (await inBrowser(page)).forEach((key) => found.add(key));
  await serve(context, '**/bare', {});
  await serve(context, '**/early', { before: snippet, tag: '<i data-collector="/collect" data-site="shop"></i>' });
  const page = await open(context, `${collector.url}/bare`);
  await flush(page);
  await collector.down();
  for (let nth = 0; nth < 3; nth += 1) await track(page, 'waits', { nth });
  await flush(page);
  await look(page);
  await page.goto(`${collector.url}/early`).catch(() => {});
  await page.evaluate(() => shopbell.track('kept', { early: true }));
  await page.goto(`${collector.url}/again/early`);
  await look(page);
  // The text that is sent as the page is left is the one that it keeps.
  const text = await page.evaluate(() => localStorage.getItem('shopbell.early'));
  const pages = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  await collector.up();
  await page.goto(`${collector.url}/bare`);
  await page.evaluate(() => shopbell.identify('7a1c'));
  await until('all is sent', async () => {
    await flush(page);
    // The wait after a few failures is on the page's clock.
    await context.clock.fastForward(2000);
    return (await collector.events()).length >= 8;
  });
  await look(page);
  await page.evaluate(() => shopbell.optOut(true));
  await look(page);
  assert.deepEqual([...found].sort(), listed().sort());
  compare(
    early,
    pages.flatMap((page) => fieldsOf(page)),
    'kept',
  );
  compare(
    sent,
    context.batches.flatMap((batch) => fieldsOf(batch)),
    'sent',
  );
});

/** What a browser that calls itself so is labelled as; `null` for people's. */
const BROWSERS = [
  ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'googlebot'],
  ['Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)', 'bingbot'],
  ['Mozilla/5.0 (Windows NT 6.1) AppleWebKit/534+ (KHTML, like Gecko) BingPreview/1.0b', 'bingpreview'],
  ['facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)', 'facebookexternalhit'],
  ['Twitterbot/1.0', 'twitterbot'],
  ['LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)', 'linkedinbot'],
  ['Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)', 'discordbot'],
  ['TelegramBot (like TwitterBot)', 'telegrambot'],
  ['Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)', 'gptbot'],
  ['Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)', 'baiduspider'],
  ['Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/156.0.0.0 Safari/537.36', 'headless'],
  [
    'Mozilla/5.0 (Linux; Android 11; moto g power) Chrome/119.0.0.0 Mobile Safari/537.36 Chrome-Lighthouse',
    'lighthouse',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0 Safari/537.36', null],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1', null],
  ['Mozilla/5.0 (Linux; Android 10; CUBOT X30) Chrome/120.0.0.0 Mobile Safari/537.36', null],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148 Instagram 340.0.0.22.109', null],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148 [FBAN/FBIOS;FBAV/470.0]', null],
];

test('machines are labelled by what they call themselves, and people are not', async () => {
  for (const [userAgent, expected] of BROWSERS) {
    const other = await profile({ userAgent });
    await other.addInitScript(() => Object.defineProperty(Navigator.prototype, 'webdriver', { value: false }));
    await serve(other, '**/bare', {});
    const page = await open(other, `${collector.url}/bare`);
    await flush(page);
    assert.equal(other.batches[0].device.bot ?? null, expected, userAgent);
    await end(other);
  }
});
