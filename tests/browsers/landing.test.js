// What a page says of how its visitor came, from its URL and its referrer, and which day it is: one case a line. The cases of
// URLs are a table of their own, which the collector must pass too. Any text will do, and none may throw.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { landing, pageOf } from '../../src/browser/page/arrivals.js';
import { calendar, day } from '../../src/browser/page/clock.js';
import * as layout from '../../src/browser/page/layout.js';

const SHOP = 'https://shop.example/';
const LINES = Object.entries(layout).filter(([name]) => name.startsWith('LANDING_'));
const file = (path) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');

/** The lines by their names, without those that are empty. */
function named(url, referrer, options) {
  const found = landing(url, referrer, options);
  const names = LINES.map(([name, index]) => [name.slice('LANDING_'.length).toLowerCase(), `${found[index]}`]);
  return Object.fromEntries(names.filter(([, value]) => value));
}

for (const { what, cases } of JSON.parse(await file('tests/formats/landing.json')))
  test(what, () => {
    for (const { url, referrer = '', expected, ...options } of cases) {
      assert.deepEqual(named(url, referrer, options), expected, `${url} from ${referrer}`);
    }
  });

/** utm_source, and the names of parameters that have a value. */
function arrive(query, source, names = '') {
  const { utm_source = '', parameters = '' } = named(SHOP + query, '', {});
  assert.deepEqual([utm_source, parameters.trim()], [source, names], query.slice(0, 100));
}

test('what is very long takes no longer than it must', () => {
  const began = performance.now();
  arrive(`?utm_source=${'x'.repeat(1000)}`, 'x'.repeat(256), 'utm_source');
  arrive(`?q=${'x'.repeat(100_000)}&utm_source=y`, 'y', 'q utm_source');
  arrive(`?${'a=%&'.repeat(25_000)}utm_source=x`, 'x', `${'a '.repeat(25_000)}utm_source`);
  arrive(`?q=${'%20'.repeat(33_000)}x&utm_source=y`, 'y', 'q utm_source');
  arrive(`${'a/'.repeat(50_000)}?utm_source=y`, 'y', 'utm_source');
  arrive(`#${'?'.repeat(100_000)}utm_source=y`, '');
  // A regular expression gone wrong takes minutes here.
  assert.ok(performance.now() - began < 5000);
});

test('any texts are all of the lines, and throw nothing', () => {
  const parts = [
    'https://',
    'shop.example',
    'paypal.com',
    '/',
    '?',
    '&',
    '#',
    '=',
    '%',
    '%E0%A4%A',
    'utm_source',
    'utm_medium',
    'gclid',
    'ref',
    '\n',
    '\0',
    '\u2028',
    '\ud800',
    '😀',
    ' ',
    '+',
    ':',
    '@',
    '[',
    'javascript:',
    'x'.repeat(300),
  ];
  let state = 1;
  // Marsaglia's xorshift, so that a failure comes again.
  const below = (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
  const text = () => Array.from({ length: below(12) }, () => parts[below(parts.length)]).join('');
  for (let time = 0; time < 20_000; time++) {
    const [url, referrer, gateways] = [text(), text(), text()];
    const lines = Object.values(landing(url, referrer, { gateways, internalCampaigns: time % 2 > 0 }));
    assert.equal(lines.join('\n').split('\n').length, LINES.length, JSON.stringify([url, referrer, gateways]));
    assert.equal(typeof pageOf(url), 'string');
  }
});

test('the list of gateways is in the documentation', async () => {
  const page = await file('src/core/sessions.md');
  for (const host of layout.GATEWAYS.split(' ')) assert.ok(page.includes('`' + host + '`'), host);
});

test('what makes another page', () => {
  assert.equal(pageOf(`${SHOP}a#reviews`), `${SHOP}a`);
  assert.equal(pageOf(`${SHOP}a#`), `${SHOP}a`);
  assert.equal(pageOf(`${SHOP}a?b`), `${SHOP}a?b`);
  assert.equal(pageOf(`${SHOP}a#/b`), `${SHOP}a#/b`);
  assert.equal(pageOf(`${SHOP}a#!b`), `${SHOP}a#!b`);
});
/** The day in a zone at a time. */
function dayIs(zone, time, expected) {
  const found = new Date(day(Date.parse(time), calendar(zone)) * 864e5).toISOString().slice(0, 10);
  assert.equal(found, expected, `${time} in ${zone}`);
}

test('days are those of the zone', () => {
  dayIs('UTC', '2026-03-10T23:59:59.999Z', '2026-03-10');
  dayIs('UTC', '2026-03-11T00:00:00.000Z', '2026-03-11');
  dayIs('Europe/Paris', '2026-03-10T22:59:59.999Z', '2026-03-10');
  dayIs('Europe/Paris', '2026-03-10T23:00:00.000Z', '2026-03-11');
  dayIs('America/New_York', '2026-03-11T03:59:59.999Z', '2026-03-10');
  dayIs('America/New_York', '2026-03-11T04:00:00.000Z', '2026-03-11');
  // Quarters and halves of an hour.
  dayIs('Asia/Kathmandu', '2026-03-10T18:14:59.999Z', '2026-03-10');
  dayIs('Asia/Kathmandu', '2026-03-10T18:15:00.000Z', '2026-03-11');
  dayIs('Asia/Kolkata', '2026-03-10T18:29:59.999Z', '2026-03-10');
  dayIs('Asia/Kolkata', '2026-03-10T18:30:00.000Z', '2026-03-11');
  dayIs('Pacific/Chatham', '2026-03-10T10:14:59.999Z', '2026-03-10');
  dayIs('Pacific/Chatham', '2026-03-10T10:15:00.000Z', '2026-03-11');
});

test('days of 23, 25, 23.5 and 24.5 hours', () => {
  dayIs('Europe/Paris', '2026-03-28T23:00:00.000Z', '2026-03-29');
  dayIs('Europe/Paris', '2026-03-29T21:59:59.999Z', '2026-03-29');
  dayIs('Europe/Paris', '2026-03-29T22:00:00.000Z', '2026-03-30');
  dayIs('Europe/Paris', '2026-10-24T22:00:00.000Z', '2026-10-25');
  dayIs('Europe/Paris', '2026-10-25T22:59:59.999Z', '2026-10-25');
  dayIs('Europe/Paris', '2026-10-25T23:00:00.000Z', '2026-10-26');
  dayIs('Australia/Lord_Howe', '2026-04-05T13:29:59.999Z', '2026-04-05');
  dayIs('Australia/Lord_Howe', '2026-04-05T13:30:00.000Z', '2026-04-06');
  dayIs('Australia/Lord_Howe', '2026-10-04T12:59:59.999Z', '2026-10-04');
  dayIs('Australia/Lord_Howe', '2026-10-04T13:00:00.000Z', '2026-10-05');
});

test('days without a midnight, and a day that was not', () => {
  dayIs('Africa/Cairo', '2026-04-23T21:59:59.999Z', '2026-04-23');
  dayIs('Africa/Cairo', '2026-04-23T22:00:00.000Z', '2026-04-24');
  dayIs('America/Sao_Paulo', '2018-11-04T02:59:59.999Z', '2018-11-03');
  dayIs('America/Sao_Paulo', '2018-11-04T03:00:00.000Z', '2018-11-04');
  dayIs('Pacific/Apia', '2011-12-30T09:59:59.999Z', '2011-12-29');
  dayIs('Pacific/Apia', '2011-12-30T10:00:00.000Z', '2011-12-31');
});

test('a zone that is not known is as if none were named', () => {
  for (const unknown of ['Mars/Olympus', '', '25:00']) assert.equal(calendar(unknown), undefined);
  const noon = new Date(2026, 2, 10, 12);
  assert.equal(day(noon.getTime(), undefined), Date.UTC(2026, 2, 10) / 864e5);
});
