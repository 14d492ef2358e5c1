// What an order is worth. The collector reads it the same way: tests/formats/orders.json has the cases that both must pass.

import { attempt, clean, say, toLines } from './guard.js';
import { toJson } from './json.js';
import { ORDER_CURRENCY, ORDER_ID, ORDER_VALUE, PROPS_BYTES_MAX } from './layout.js';

/** A text or a number as text; anything else is none. */
const textOf = (value) => (/string|number/.test(typeof value) ? clean(value) : '');

/**
 * An amount in units of its currency, as programs or shops write it: with a sign or a code of its currency, with separators of
 * thousands, with a point or a comma before the fraction. `undefined` where it cannot be read, or is less than nothing.
 */
function amountOf(text) {
  // A separator is of thousands where another follows, or where the text ends with the three digits behind it.
  const plain = text
    .replace(/[^\d.,-]|-(?!\d)|[.,]+(?=[^\d.,]*$)/g, '')
    .replace(/[.,](?=.*[.,]|\d{3}$)/g, '')
    .replace(',', '.');
  return [text, plain].map((text) => (text ? +text : NaN)).find((amount) => amount >= 0);
}

/**
 * Properties of a purchase, as JSON that is not too large, and what the session's totals need of it. An order is never lost for
 * its size: items are cut from the end, and where that is not enough, all that is not the order.
 */
export function readPurchase(json) {
  const props = JSON.parse(json || '{}');
  const value = textOf(props.value);
  const currency = textOf(props.currency).toUpperCase();
  const transaction_id = textOf(props.transaction_id);
  const amount = amountOf(value);
  const isReadable = amount <= 1e9;
  if (!isReadable) say(`the value of a purchase is ${value}; accepted is a number from 0 to 1e9.`);
  let { items } = props;
  while (attempt(() => new Blob([json]).size) > PROPS_BYTES_MAX) {
    items = items?.slice?.(0, items.length / 2);
    json = toJson({ ...(items?.[0] ? { ...props, items } : { value, currency, transaction_id }), is_cut: true });
  }
  const order = {
    [ORDER_VALUE]: isReadable ? Math.round(amount * 1e4) : '',
    [ORDER_CURRENCY]: /^[A-Z]{3}$/.test(currency) ? currency : '',
    [ORDER_ID]: transaction_id,
  };
  return [json, toLines(order)];
}
