// A page's tracker begins, and ends.

import { arrival, kindOf, pageOf, see, viewKind } from './arrivals.js';
import { next, pageNow, whenShown } from './began.js';
import { now, useZone } from './clock.js';
import { device } from './device.js';
import {
  addFirst,
  keepInputs,
  nextSeq,
  report,
  settle,
  startTracker,
  stopReporting,
  tellStanding,
  useCalls,
  useConsent,
  useFeed,
} from './facts.js';
import { INPUT_HIDDEN, NAVIGATION_LOAD } from './layout.js';
import { listen, listenForActivity, listenForLeaving, listenForRoutes, wake } from './listen.js';
import { chosen, startLines, useRules } from './rules.js';
import { hasLeft, isHidden, stopSending } from './send.js';
import { KEY, openStorage, read, wipe } from './storage.js';
import { adopt, joinTabs, quitTabs, random } from './tabs.js';

const FRONT_CHARS_MAX = 250_000; // of what is kept for a front-end in Rust before there is a tracker

/** What happens on the page is kept, in memory alone, for a tracker that may never begin. `facts` are those of the page. */
export function keep(options, facts) {
  useRules(options);
  useZone(options.midnight);
  facts.title = document.title;
  keepInputs(facts);
  see();
  listenForActivity();
  listenForRoutes();
}

/**
 * Begins to track: takes the page's turn among the site's tabs, recovers what earlier pages left, reports this page and
 * listens from here on. `feed` is the way into the module, `options` are those of `useRules`, and `howItBegan` tells of the page
 * its `url`, `referrer` and `type`, and `began`, the readings of both clocks; and the `calls` so far, and `dropped`, of how many there are none.
 */
export async function start(feed, options, howItBegan) {
  useFeed(feed);
  useRules(options);
  useZone(options.midnight);
  useConsent(chosen.consent);
  openStorage(options.storage);
  // What takes long and needs no turn is done before it, in a task of its own.
  listenForActivity();
  listenForLeaving();
  const about = device();
  const { tabId, seed, isFirst } = await joinTabs();
  const page = howItBegan();
  // What was left before it had a tracker is an early page. It may be kept, and come back.
  if (hasLeft) {
    await next(window, 'pageshow');
    Object.assign(page, { type: 'back_forward', began: now() });
    return start(feed, options, howItBegan);
  }
  const kind = kindOf(page.type);
  const wasClosed = options.endOnBrowserClose && isFirst && !document.wasDiscarded && kind == NAVIGATION_LOAD;
  const title = pageOf(location.href) == pageOf(page.url) ? document.title : page.title;
  const arrived = arrival({ ...page, title, kind, wasClosed, isFirst: !read(KEY) });
  startTracker(startLines({ tabId, seq: nextSeq, chance: random(4), seed, device: about }));
  adopt();
  addFirst(viewKind(), arrived, page.began);
  tellStanding(chosen.consent);
  see();
  useCalls(page);
  listen();
  // It may have been hidden or left meanwhile.
  if (isHidden()) report(INPUT_HIDDEN);
  else settle();
}

/** Nothing is tracked from here on, and nothing is left of what was: in other tabs neither, if they are to be told. */
export function stop(tellsOthers) {
  wipe(tellsOthers);
  stopReporting();
  stopSending();
  quitTabs();
  wake(-1);
}

let front; // the page of a front-end in Rust, which keeps its calls itself; none where nothing is tracked

/** `keep` for a front-end in Rust: as soon as the page is shown. */
export async function keepShown(options) {
  const page = (front = { room: FRONT_CHARS_MAX, calls: [], dropped: 0 });
  await whenShown();
  if (front == page) keep(options, Object.assign(page, pageNow()));
}

/** `start` for a front-end in Rust: as soon as the page is shown. */
export async function startShown(feed, options) {
  const page = (front ??= { room: 0, calls: [], dropped: 0 });
  await whenShown();
  if (!page.began) Object.assign(page, pageNow());
  await start(feed, options, () => {
    if (front != page) throw 'it was ended';
    return page;
  });
}

/** `stop` for a front-end in Rust. */
export function stopShown(tellsOthers) {
  front = undefined;
  stop(tellsOthers);
}
