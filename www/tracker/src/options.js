// Options as a page gives them, to options as the tracker takes them. A bad one is one sentence, and its default.

import { calendar } from 'shopbell-page/clock.js';
import { attempt, say } from 'shopbell-page/guard.js';
import { given as givenBy } from './tag.js';

const isIn = (...list) => [
  (value) => list.includes(value),
  list.map((one) => JSON.stringify(one)).join(' or '),
  list[0],
];
const isFrom = (least, most, fallback) => [
  (value) => value >= least && value <= most,
  `a number from ${least} to ${most}`,
  fallback,
];
const isUrl = (value) => attempt(() => new URL(value, document.baseURI));

const isText = (most, fallback) => [
  (value) => value && `${value}`.length <= most,
  `a text of 1 to ${most} characters`,
  fallback,
];

/** What a visitor may have answered. */
export const consents = isIn('granted', 'pending', 'denied');

const anything = [() => true, undefined, ''];

/** The browser is asked only where the site names a zone: that takes 20 ms and more. */
const isZone = (zone) => [false, 'local', 'UTC'].includes(zone) || calendar(zone);

/** Each option: its test, what is accepted in words, its default. A page may have given every other object more members. */
const known = {
  __proto__: null,
  collector: [isUrl, 'a URL'],
  site: isText(128, globalThis.location?.hostname || 'site'),
  timeoutMinutes: isFrom(1, 1440, 30),
  midnight: [isZone, '"local", "UTC", an IANA zone or false', 'local'],
  campaign: isIn(true, false, 'medium', 'campaign'),
  internalCampaigns: isIn(true, false),
  maxHours: isFrom(1, 720),
  endOnBrowserClose: isIn(false, true),
  gateways: anything, // any list or text may have hosts in it
  autocapture: isIn(true, false),
  storage: isIn('local', 'memory'),
  consent: consents,
  gpc: isIn('respect', 'cookieless', 'ignore'),
  allowQuery: anything,
  scrub: isIn(true, false),
  capture: anything,
  parts: anything,
  beforeSend: [(value) => typeof value == 'function', 'a function'],
  debug: isIn(false, true),
};

/** Checked options with every default, or nothing where the tracker must not start. */
export function check(given) {
  const options = {};
  // A page that asks for these relies on them: better no tracking than tracking without.
  let isSafe = true;
  for (const name of Object.keys({ ...known, ...given })) {
    const [test, accepted, fallback] = known[name] ?? [];
    const value = given?.[name] ?? fallback;
    if (!test) say(`option "${name}" is not known; accepted are ${Object.keys(known).join(', ')}.`);
    else if (value === fallback || test(value)) options[name] = value;
    else {
      say(`option "${name}" is ${value}; accepted is ${accepted}.`);
      options[name] = fallback;
      isSafe &&= !/^(consent|beforeSend)$/.test(name);
    }
  }
  if (options.collector && isSafe) return options;
  say('nothing is tracked');
}

/** Options of the script's tag, which are all text. Attributes and parameters that are not known are somebody else's. */
export function readTag(tag) {
  const options = {};
  for (const [given, value] of Object.entries(givenBy(tag))) {
    const name = given.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
    if (known[name]) options[name] = readText(name, value.trim());
  }
  return options;
}

/**
 * Numbers, true and false stand in attributes as in JSON; anything else is text, as is the name of any site. What cannot be JSON
 * is not tried: to throw takes a browser 1 ms.
 */
const readText = (name, value) =>
  name != 'site' && /^["[{\d-]|^(true|false)$/.test(value) ? (attempt(() => JSON.parse(value)) ?? value) : value;
