// What a page says of an order, from the properties of its purchase. The cases are a table of their own, which the collector
// must pass too.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { mock, test } from 'node:test';
import { ORDER_CURRENCY, ORDER_ID, ORDER_VALUE, PROPS_BYTES_MAX } from '../../src/browser/page/layout.js';
import { readPurchase } from '../../src/browser/page/order.js';

const table = await readFile(new URL('../formats/orders.json', import.meta.url), 'utf8');
const said = mock.method(console, 'warn', () => {});
// Halves of characters become replacements on their way into the module.
const whole = (text) => new TextDecoder().decode(new TextEncoder().encode(text));

for (const { what, cases } of JSON.parse(table))
  test(what, () => {
    for (const { props, id = '', value, currency = '' } of cases) {
      said.mock.resetCalls();
      const [, order] = readPurchase(JSON.stringify(props));
      const lines = whole(order).split('\n');
      const text = JSON.stringify(props);
      const found = [lines[ORDER_ID], +lines[ORDER_VALUE] / 1e4, lines[ORDER_CURRENCY]];
      assert.deepEqual(found, [id, value ?? 0, currency], text);
      assert.equal(said.mock.callCount(), value === undefined ? 1 : 0, `what is said of ${text}`);
    }
  });

const order = { transaction_id: 'A1', value: 59.9, currency: 'EUR' };
const item = { item_id: 'lamp', item_name: 'A lamp of hand-blown glass', price: 59.9, quantity: 1, note: '漢字' };

/** What is left of a purchase that is too large. */
function cut(props) {
  const [json, lines] = readPurchase(JSON.stringify({ ...order, ...props }));
  assert.ok(new Blob([json]).size <= PROPS_BYTES_MAX);
  assert.equal(lines.split('\n')[ORDER_VALUE], '599000');
  const left = JSON.parse(json);
  assert.equal(left.transaction_id, 'A1');
  assert.equal(+left.value, 59.9);
  return left;
}

test('a purchase that is too large loses items, and says so', () => {
  assert.equal(cut({ items: Array(20).fill(item) }).is_cut, undefined);
  const { items, is_cut } = cut({ items: Array(100).fill(item) });
  assert.deepEqual([is_cut, items[0]], [true, item]);
  assert.ok(items.length >= 25, `${items.length}`);
});

test('a purchase that is too large without items keeps what the order is', () => {
  for (const props of [{ note: 'x'.repeat(9000) }, { items: 'x'.repeat(9000) }, { items: { a: 'x'.repeat(9000) } }])
    assert.equal(cut(props).is_cut, true);
});
