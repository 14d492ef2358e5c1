// What a page tells of how its visitor came, from its URL and its referrer: one case a line. Any text will do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { landing, pageOf } from '../../src/browser/page.js';

const SHOP = 'https://shop.example/';

/** utm_source, utm_medium and the names of parameters that have a value. */
function arrive(query, source, medium = '', names = '') {
  const [foundSource, foundMedium, , , , foundNames] = landing(SHOP + query, '');
  assert.deepEqual([foundSource, foundMedium, foundNames.trim()], [source, medium, names], query);
}

test('parameters, as they come', () => {
  arrive('', '');
  arrive('?utm_source=facebook&utm_medium=cpc', 'facebook', 'cpc', 'utm_source utm_medium');
  arrive('?utm_source=Facebook&utm_medium=CPC', 'facebook', 'cpc', 'utm_source utm_medium');
  arrive('?utm_source=%C3%89t%C3%89', 'été', '', 'utm_source');
  arrive('?utm_source=%20Face%62ook%20', 'facebook', '', 'utm_source');
  arrive('?utm_source=x+y', 'x y', '', 'utm_source');
  arrive('?utm_source=one&utm_source=two', 'one', '', 'utm_source utm_source');
  arrive('?utm_source=&utm_source=two', 'two', '', 'utm_source');
  arrive('?utm_source', '');
  arrive('?utm_source=', '');
  arrive('?utm_source=%20', '');
  arrive('?utm_source[]=x', '');
  arrive('?UTM_SOURCE=x', '', '', 'UTM_SOURCE');
  arrive('?utm_medium=cpc', '', 'cpc', 'utm_medium');
  arrive('#utm_source=x', '');
  arrive('?a=1&&&=&utm_source=x', 'x', '', 'a utm_source');
  arrive('?q=100%&utm_source=100%', '100%', '', 'q utm_source');
  arrive('?utm_source=%5BFoo%5D', '[foo]', '', 'utm_source');
  arrive('?utm_source=%ff', '\ufffd', '', 'utm_source');
  arrive('?utm_source=a%0Ab%00c', 'a b\u0000c', '', 'utm_source');
  arrive('?gclid=x', '', '', 'gclid');
  arrive('?gclid=', '');
  arrive(`?${'a=%&'.repeat(25_000)}utm_source=x`, 'x', '', `${'a '.repeat(25_000)}utm_source`);
  arrive(`?utm_source=${'x'.repeat(1000)}`, 'x'.repeat(256), '', 'utm_source');
});

/** The referrer's origin and path, and its host; nothing for one of the same site. */
function refer(referrer, expected = '', host = '', url = SHOP) {
  assert.deepEqual(landing(url, referrer).slice(6), [expected, host], `${referrer} at ${url}`);
}

test('referrers of other sites, and of the same', () => {
  refer('https://www.google.com/', 'https://www.google.com/', 'google.com');
  refer('https://blog.example.org:8443/a?b#c', 'https://blog.example.org:8443/a', 'blog.example.org');
  refer('https://user:pass@blog.example.org/', 'https://blog.example.org/', 'blog.example.org');
  refer('https://notshop.example/', 'https://notshop.example/', 'notshop.example');
  refer('https://shop.example.evil.example/', 'https://shop.example.evil.example/', 'shop.example.evil.example');
  refer('https://SHOP.example/cart');
  refer('https://www.shop.example/');
  refer('https://checkout.shop.example/');
  refer('https://shop.example/', '', '', 'https://www.shop.example/');
  refer('https://shop.example/', '', '', 'https://de.shop.example/');
  refer('android-app://com.example/', 'android-app://com.example/', 'com.example');
  for (const none of ['', 'about:blank', 'data:text/html,x', 'nonsense', '/path', '\ud800']) refer(none);
});

test('pages that are no web pages', () => {
  for (const url of ['', 'about:blank', 'data:text/html,x?utm_source=x', 'javascript:void(0)', 'file:///index.html', '\ud800']) {
    assert.equal(landing(url, '').length, 8, url);
    refer('https://blog.example/', 'https://blog.example/', 'blog.example', url);
  }
});

test('what makes another page', () => {
  assert.equal(pageOf(`${SHOP}a#reviews`), `${SHOP}a`);
  assert.equal(pageOf(`${SHOP}a#`), `${SHOP}a`);
  assert.equal(pageOf(`${SHOP}a?b`), `${SHOP}a?b`);
  assert.equal(pageOf(`${SHOP}a#/b`), `${SHOP}a#/b`);
  assert.equal(pageOf(`${SHOP}a#!b`), `${SHOP}a#!b`);
});
