// What is taken out of URLs and texts, and what is left as it is: one case a line. A case that expects nothing else survives.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { useRules } from '../../src/browser/page/rules.js';
import { scrub } from '../../src/browser/page/scrub.js';

globalThis.document = { baseURI: 'https://shop.example/' };
const table = JSON.parse(await readFile(new URL('../formats/scrub.json', import.meta.url), 'utf8'));

for (const { what, cases } of table)
  test(what, () => {
    for (const { url, text = url, expected = text, isOfShop, ...options } of cases) {
      useRules({ collector: '/collect', ...options });
      assert.equal(scrub(text, isOfShop), expected, text);
      assert.equal(scrub(scrub(text, isOfShop), isOfShop), expected, `${text}, again`);
    }
  });

test('no script looks behind: it would be no script to Safari before 16.4', async () => {
  const dist = new URL('../../www/tracker/dist/', import.meta.url);
  for (const script of ['shopbell.js', 'shopbell.split.js', 'index.js', 'parts.js', 'stub.js'])
    assert.doesNotMatch(await readFile(new URL(script, dist), 'utf8'), /\(\?<[=!]/, script);
});

test('half of the table survives', () => {
  const cases = table.flatMap(({ cases }) => cases);
  const surviving = cases.filter(({ expected }) => expected === undefined).length;
  assert.ok(cases.length >= 120 && surviving * 2 >= cases.length, `${surviving} of ${cases.length}`);
});

test('what is long takes no longer than it must', () => {
  useRules({ collector: '/collect' });
  const began = performance.now();
  for (const text of ['a', '1', '1 ', 'a.', '+', '0 1-', '@', 'a@', '%40', '4111 ']) scrub(text.repeat(100_000));
  // A regular expression gone wrong takes minutes here.
  assert.ok(performance.now() - began < 5000);
});
