// A page's tracker begins.

import { arrive, kindOf } from './arrivals.js';
import { next, pageNow, whenShown } from './began.js';
import { now, useZone } from './clock.js';
import { device } from './device.js';
import { nextSeq, report, settle, startTracker, useCalls, useFeed } from './facts.js';
import { INPUT_HIDDEN, NAVIGATION_LOAD } from './layout.js';
import { listen, listenForActivity, listenForLeaving } from './listen.js';
import { startLines, useRules } from './rules.js';
import { hasLeft, isHidden } from './send.js';
import { openStorage } from './storage.js';
import { adopt, joinTabs, random } from './tabs.js';

/**
 * Begins to track: takes the page's turn among the site's tabs, recovers what earlier pages left, reports this page and
 * listens from here on. `feed` is the way into the module, `options` are those of `useRules`, and `howItBegan` tells of the page
 * its `url`, `referrer` and `type`, and `began`, the readings of both clocks; and the `calls` so far, and `dropped`, of how many there are none.
 */
export async function start(feed, options, howItBegan) {
  useFeed(feed);
  useRules(options);
  useZone(options.midnight);
  openStorage(options.storage);
  // What takes long and needs no turn is done before it, in a task of its own. A page that is back listens already.
  if (!hasLeft) listenForActivity();
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
  startTracker(startLines({ tabId, seq: nextSeq, chance: random(4), seed, device: about }));
  adopt();
  const kind = kindOf(page.type);
  const wasClosed = options.endOnBrowserClose && isFirst && !document.wasDiscarded && kind == NAVIGATION_LOAD;
  arrive(kind, page.began, { ...page, wasClosed });
  useCalls(page);
  listen();
  // It may have been hidden or left meanwhile.
  if (isHidden()) report(INPUT_HIDDEN);
  else settle();
}

/** The same for a front-end in Rust, which keeps no facts of its own: as soon as the page is shown. */
export async function startShown(feed, options) {
  await whenShown();
  const page = { ...pageNow(), calls: [], dropped: 0 };
  await start(feed, options, () => page);
}
