// What a page tells of how its visitor came, from its URL and its referrer, and which day it is: one case a line. Any
// text will do, and none may throw.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { GATEWAYS, calendar, day, landing, pageOf } from '../../src/browser/page.js';

const SHOP = 'https://shop.example/';

/** utm_source, utm_medium and the names of parameters that have a value. */
function arrive(query, source, medium = '', names = '') {
  const [foundSource, foundMedium, , , , , foundNames] = landing(SHOP + query, '', {});
  assert.deepEqual([foundSource, foundMedium, foundNames.trim()], [source, medium, names], query.slice(0, 100));
}

test('campaign parameters', () => {
  arrive('', '');
  arrive('?utm_source=facebook', 'facebook', '', 'utm_source');
  arrive('?utm_source=facebook&utm_medium=cpc', 'facebook', 'cpc', 'utm_source utm_medium');
  arrive('?utm_medium=cpc', '', 'cpc', 'utm_medium');
  arrive('?gclid=x', '', '', 'gclid');
  arrive('?gclid=', '');
  arrive('?fbclid=a&gclid=b', '', '', 'fbclid gclid');
});

test('case, spaces and plus signs', () => {
  arrive('?utm_source=Facebook&utm_medium=CPC', 'facebook', 'cpc', 'utm_source utm_medium');
  arrive('?UTM_SOURCE=x', '', '', 'UTM_SOURCE');
  arrive('?utm_source=%C3%89t%C3%89', 'été', '', 'utm_source');
  arrive('?utm_source=%20Face%62ook%20', 'facebook', '', 'utm_source');
  arrive('?utm_source=x+y', 'x y', '', 'utm_source');
  arrive('?utm_source=x%2By', 'x+y', '', 'utm_source');
  arrive('?utm_source=x%20%20y', 'x y', '', 'utm_source');
});

test('empty, repeated and bracketed parameters', () => {
  arrive('?utm_source', '');
  arrive('?utm_source=', '');
  arrive('?utm_source=%20', '');
  arrive('?utm_source=one&utm_source=two', 'one', '', 'utm_source utm_source');
  arrive('?utm_source=&utm_source=two', 'two', '', 'utm_source');
  arrive('?utm_source[]=x', '');
  arrive('?utm_source%5B%5D=x', '');
  arrive('?utm_source=%5BFoo%5D', '[foo]', '', 'utm_source');
  arrive('?a=1&&&=&utm_source=x', 'x', '', 'a utm_source');
  arrive('?=x&utm_source=y', 'y', '', 'utm_source');
  arrive('?utm_source=a=b', 'a=b', '', 'utm_source');
  arrive('?utm_source=a;utm_medium=b', 'a;utm_medium=b', '', 'utm_source');
});

test('what is no valid percent-encoding, or no text', () => {
  arrive('?q=100%', '', '', 'q');
  arrive('?q=100%&utm_source=100%', '100%', '', 'q utm_source');
  arrive('?utm_source=%', '%', '', 'utm_source');
  arrive('?utm_source=%zz', '%zz', '', 'utm_source');
  arrive('?utm_source=%ff', '\ufffd', '', 'utm_source');
  arrive('?utm_source=%ED%A0%80', '\ufffd\ufffd\ufffd', '', 'utm_source');
  arrive('?utm_source=\ud800', '\ufffd', '', 'utm_source');
  arrive('?utm_source=a%0Ab%00c', 'a b\u0000c', '', 'utm_source');
  arrive('?utm_source=😀', '😀', '', 'utm_source');
});

test('parameters in the fragment', () => {
  arrive('#utm_source=x', 'x', '', 'utm_source');
  arrive('#utm_source=x&utm_medium=y', 'x', 'y', 'utm_source utm_medium');
  arrive('#/cart?utm_source=x', 'x', '', 'utm_source');
  arrive('#!/cart?utm_source=x', 'x', '', 'utm_source');
  arrive('?utm_source=query#utm_source=fragment', 'query', '', 'utm_source utm_source');
  arrive('?utm_source=#utm_source=fragment', 'fragment', '', 'utm_source');
  arrive('#reviews', '');
  arrive('#', '');
});

test('what is very long takes no longer than it must', () => {
  const began = performance.now();
  arrive(`?utm_source=${'x'.repeat(1000)}`, 'x'.repeat(256), '', 'utm_source');
  arrive(`?q=${'x'.repeat(100_000)}&utm_source=y`, 'y', '', 'q utm_source');
  arrive(`?${'a=%&'.repeat(25_000)}utm_source=x`, 'x', '', `${'a '.repeat(25_000)}utm_source`);
  arrive(`?q=${'%20'.repeat(33_000)}x&utm_source=y`, 'y', '', 'q utm_source');
  arrive(`${'a/'.repeat(50_000)}?utm_source=y`, 'y', '', 'utm_source');
  arrive(`#${'?'.repeat(100_000)}utm_source=y`, '');
  // A regular expression gone wrong takes minutes here.
  assert.ok(performance.now() - began < 5000);
});

test('the other utm parameters, each as it is', () => {
  const found = landing(`${SHOP}?utm_campaign=Autumn&utm_term=Lamp&utm_content=A&utm_id=42`, '', {});
  assert.deepEqual(found.slice(2, 6), ['Autumn', 'Lamp', 'A', '42']);
});

/** The referrer's origin and path, and who that is; nothing for one of the same site. */
function refer(referrer, expected = '', name = '', url = SHOP) {
  assert.deepEqual(landing(url, referrer, {}).slice(7, 9), [expected, name], `${referrer} at ${url}`);
}

test('referrers of other sites', () => {
  refer('https://www.google.com/', 'https://www.google.com/', 'google.com');
  refer('https://blog.example.org:8443/a?b#c', 'https://blog.example.org:8443/a', 'blog.example.org');
  refer('https://user:pass@blog.example.org/', 'https://blog.example.org/', 'blog.example.org');
  refer('https://notshop.example/', 'https://notshop.example/', 'notshop.example');
  refer('https://shop.example.evil.example/', 'https://shop.example.evil.example/', 'shop.example.evil.example');
  refer('https://evil.example/shop.example', 'https://evil.example/shop.example', 'evil.example');
  refer('https://BLOG.example.org/', 'https://blog.example.org/', 'blog.example.org');
  refer('https://münchen.example/', 'https://xn--mnchen-3ya.example/', 'xn--mnchen-3ya.example');
  refer('android-app://com.example/', 'android-app://com.example/', 'com.example');
});

test('referrers of the same site, and what is none', () => {
  refer('https://shop.example/cart');
  refer('https://SHOP.example/cart');
  refer('https://www.shop.example/');
  refer('https://checkout.shop.example/');
  refer('http://shop.example:8080/');
  refer('https://shop.example/', '', '', 'https://www.shop.example/');
  refer('https://shop.example/', '', '', 'https://de.shop.example/');
  for (const none of ['', 'about:blank', 'data:text/html,x', 'javascript:void(0)', 'nonsense', '/path', '\ud800']) refer(none);
});

test('the parameters ref and source name who refers', () => {
  refer('', '', 'producthunt', `${SHOP}?ref=ProductHunt`);
  refer('', '', 'partner', `${SHOP}?source=partner`);
  refer('', '', 'one', `${SHOP}?ref=one&source=two`);
  refer('', '', '', `${SHOP}?ref=`);
  refer('https://blog.example/', 'https://blog.example/', 'newsletter', `${SHOP}?ref=newsletter`);
  refer('https://shop.example/', '', '', `${SHOP}cart?ref=header`);
});

/** Whether a visitor with this referrer comes back from a gateway, and the campaign that counts. */
function comeBack(referrer, isReturn, source = isReturn ? '' : 'x', options = {}) {
  const found = landing(`${SHOP}thanks?utm_source=x&ref=y`, referrer, options);
  assert.deepEqual([found[9], found[0]], [isReturn || '', source], referrer);
  if (isReturn) assert.deepEqual(found.slice(0, 9).join(''), '', 'nothing else is told');
}

test('payment and login returns are no arrivals, whatever their URL says', () => {
  comeBack('https://www.paypal.com/checkoutnow', true);
  comeBack('https://checkout.stripe.com/c/pay', true);
  comeBack('https://pay.klarna.com/', true);
  comeBack('https://live.adyen.com/', true);
  comeBack('https://accounts.google.com/', true);
  comeBack('https://centinelapi.cardinalcommerce.com/', true);
  comeBack('https://www.google.com/', false);
  comeBack('https://notpaypal.com/', false);
  comeBack('https://paypal.com.evil.example/', false);
  comeBack('https://evil.example/paypal.com', false);
  comeBack('', false);
});

test('the list of gateways is in the README', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  for (const host of GATEWAYS.split(/\s+/)) assert.ok(readme.includes('`' + host + '`'), host);
});

test('the list of gateways is the site\'s to edit', () => {
  comeBack('https://secure.bank.example/3ds', false);
  comeBack('https://secure.bank.example/3ds', true, '', { gateways: 'bank.example' });
  comeBack('https://secure.bank.example/3ds', true, '', { gateways: 'pay.example, bank.example' });
  comeBack('https://secure.bank.example/3ds', true, '', { gateways: ['bank.example'] });
  comeBack('https://notbank.example/', false, 'x', { gateways: 'bank.example' });
  comeBack('https://shop.app/', true);
  comeBack('https://shop.app/', false, 'x', { gateways: '-shop.app' });
});

test('campaigns on links within the site count, unless the site says otherwise', () => {
  comeBack('https://shop.example/', false);
  comeBack('https://shop.example/', false, '', { internalCampaigns: false });
  comeBack('https://blog.example/', false, 'x', { internalCampaigns: false });
  comeBack('', false, 'x', { internalCampaigns: false });
});

test('pages that are no web pages', () => {
  for (const url of ['', 'about:blank', 'data:text/html,x?utm_source=x', 'javascript:void(0)', 'file:///index.html', 'nonsense', '\ud800']) {
    assert.equal(landing(url, '', {}).length, 10, url);
    refer('https://blog.example/', 'https://blog.example/', 'blog.example', url);
  }
});

test('any texts are ten lines, and throw nothing', () => {
  const parts = ['https://', 'shop.example', 'paypal.com', '/', '?', '&', '#', '=', '%', '%E0%A4%A', 'utm_source', 'utm_medium',
    'gclid', 'ref', '\n', '\0', '\u2028', '\ud800', '😀', ' ', '+', ':', '@', '[', 'javascript:', 'x'.repeat(300)];
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
    const told = landing(url, referrer, { gateways, internalCampaigns: time % 2 > 0 });
    assert.equal(told.join('\n').split('\n').length, 10, JSON.stringify([url, referrer, gateways]));
    assert.equal(typeof pageOf(url), 'string');
  }
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
