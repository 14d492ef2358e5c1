// A page before it has a tracker: the facts of it, kept. They decide nothing: what they mean, the tracker finds out, on this
// page or the next, and the collector, to which the same text goes as the page is left.
//
// The inline stub has this too, and may stand in XHTML: no ampersands and no "less than" in it.

import { pageNow } from 'shopbell-page/began.js';
import { now } from 'shopbell-page/clock.js';
import { toJson } from 'shopbell-page/json.js';
import { EARLY_KEY, isOptedOut, KEY, localArea, OPT_OUT_KEY } from 'shopbell-page/storage.js';

const CHARS_MAX = 60_000; // of all pages that are left before there is a tracker: what a keepalive takes

/**
 * The facts of the page in view: how it began, what was called, how many calls were not kept, and for how many characters of
 * them there is room.
 */
export const factsNow = (room) => ({ ...pageNow(), room, calls: [], dropped: 0 });

/** Keeps a call, [method, wall, uptime, two arguments as JSON], as it is at this moment: the page may change its object. */
export function keepCall(facts, method, first, second) {
  try {
    let call = [method, ...now(), toJson(first), toJson(second)];
    (facts.room -= (call + '').length) > 0 ? facts.calls.push(call) : facts.dropped++;
  } catch {
    facts.dropped++;
  }
}

/**
 * The page is left: its facts stay in storage for the next page, and leave for the collector. Options are as the page gave
 * them. Without a collector, against the visitor's will and before consent, nothing is kept and nothing is sent.
 */
export function leave(facts, options) {
  let local = localArea(options?.storage);
  if (!options?.collector || local[OPT_OUT_KEY] || options.consent || (options.gpc == 'ignore' ? 0 : isOptedOut()))
    return;
  let page = {
    schema: 'shopbell/early/1',
    options,
    title: document.title,
    ...facts,
    left: now(),
    offset: new Date().getTimezoneOffset(),
    // For ids: a browser may seed its numbers with 32 bits, and no two pages are left in the same instant of both clocks.
    chance: Math.random() + '' + now(),
    record: local[KEY],
  };
  facts.calls = [];
  let body = toJson(page) + '\n';
  try {
    let all = (local[EARLY_KEY] ?? '') + body;
    local[EARLY_KEY] = body = CHARS_MAX > all.length ? all : body;
  } catch {}
  // Whether it arrives is no longer this page's to know.
  // biome-ignore lint/suspicious/noConfusingLabels: scripts of other formats are built without, since their targets take no facts
  NATIVE: 'keepalive' in Request.prototype
    ? // @ts-expect-error: as good as true, and a byte less
      fetch(options.collector, { credentials: 'omit', body, keepalive: 1, method: 'POST' }).catch(now)
    : navigator.sendBeacon(options.collector, body);
}
