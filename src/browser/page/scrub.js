// What names a person is taken out of URLs and texts before anything is kept, told or sent.

import { attempt } from './guard.js';
import { chosen } from './rules.js';

// What tells where a visitor came from and what they look for. Anything else in a query may be a token.
const QUERY = /^(utm_\w+|\w*clk?id|[gw]braid|li_fat_id|epik|[qsk]|query|search\w*|keywords?|term|ref|source)$/i;

// An "at" may be escaped, and escaped again. (Unicode properties of letters would take a browser 10 ms to compile.)
const EMAIL = /[^\s/?&=:;,"<>()@]{1,64}(@|%(25)*40)[^\s/?&=:;,"<>()@%]+\.[^\s/?&=:;,"<>()@.\d]{2,}/g;

// As cards show it, or digits alone. (Safari before 16.4 knows no looking behind.)
const CARD = /(^|\W)(\d{14,19}|\d{4}([ -])\d{4}\3\d{4}\3\d{4}|3\d{3}([ -])\d{6}\4\d{5})(?!\w)/g;
// 14 digits: Diners; 15: American Express; 16 and 19: the others.
const ISSUER = /^(3[0-46-9]\d{12,13}|[2-6]\d{15}(\d{3})?)$/;

// With the country's code; with a zero in front, but no date; in three groups as in North America. A shop's own numbers have none
// of these, or are a part of something longer.
const PHONE =
  /(^|[^\w.,/:-]|(?:^|\D)[.,/:-])((\+|00(?=\d+[ ()./-]))[1-9]([ ()./-]{0,3}\d){7,13}|\(?0(?!\d[./-]\d\d[./-]\d{4})[1-9]([ ()./-]{0,3}\d){7,9}|(1[ .-])?(\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4})(?![\w:]|[.,-]\d)/g;

// What lets somebody in stands in paths too, such as that of a password's reset.
const TOKEN = /(?=[a-z]*\d)[a-z\d]{32,}/gi;

/** Whether the last digit is the check digit that cards have (ISO/IEC 7812-1, Luhn). */
function isCard(text) {
  const digits = text.replace(/\D/g, '');
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = +digits.at(-1 - place);
    sum += place % 2 ? (digit * 2) % 9 || digit : digit;
  }
  return ISSUER.test(digits) && sum % 10 == 0;
}

const withoutMail = (text) => text.replace(EMAIL, '*email*');

/** In paths, numbers are the shop's own unless they have a country's code. */
const masked = (text, isPath) =>
  withoutMail(text)
    .replace(CARD, (found, before, card) => (isCard(card) ? `${before}*card*` : found))
    .replace(PHONE, (found, before, phone) => (isPath && phone[0] != '+' ? found : `${before}*phone*`));

/** A part of a URL. What nothing is taken out of stays as it is written. */
function maskedPart(part) {
  const text = attempt(() => decodeURIComponent(part)) ?? part;
  const clean = masked(text, true).replace(TOKEN, '*token*');
  return clean == text ? part : clean;
}

/**
 * A text, or a URL, without user names, passwords and what is not in the allow-list of its query; e-mail addresses, phone and card
 * numbers are masked. `isOfShop` says that it is a name of the shop's own, such as an order's: it has no number of anybody.
 */
export function scrub(text, isOfShop) {
  if (chosen.scrub === false) return text;
  const url = /^\w+:\/\//.test(text) && attempt(() => new URL(text));
  if (!url) return isOfShop ? withoutMail(text) : masked(text);
  const { href } = url;
  const allowed = /** @type {string[]} */ (`${chosen.allowQuery}`.match(/[^\s,]+/g) ?? []);
  const kept = [...url.searchParams].filter(([name]) => QUERY.test(name) || allowed.includes(name));
  const query = `${new URLSearchParams(kept.map(([name, value]) => [name, masked(value)]))}`;
  url.username = url.password = '';
  url.pathname = maskedPart(url.pathname);
  if (query != `${url.searchParams}`) url.search = query;
  // A fragment is kept where a router has its path in it.
  url.hash = maskedPart(/^#[/!][^?]*/.exec(url.hash)?.[0] ?? '');
  return url.href == href ? text : url.href;
}
