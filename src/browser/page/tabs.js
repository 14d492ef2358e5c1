// Which tab this is, which others live, and what those have left that live no more.

import { replayEarly } from './early.js';
import { add, afterwards, isStarted, nextSeq, raiseSeq, report, useSeq } from './facts.js';
import { attempt, later, newAborter, toLines } from './guard.js';
import { EVENT_TIME, INPUT_RECOVERED, INPUT_TIMER_FIRED, RECOVERED_KEY } from './layout.js';
import { leave } from './send.js';
import { isOpen, KEY, leaveTab, outboxKeys, read, tabText, takeTab } from './storage.js';

const CLAIM_MS = 1000; // tabs that begin at once wait for each other this long at most
const AGREE_MS = 10000; // and agree on a seed with those that began so long before
const REST_MS = 5000; // a tab whose lock comes free may be between two pages: so long others leave it what is its
const DAY_MS = 864e5;

let tabId;
let seed; // what a device without a record derives its ids from
let isAlone; // whether no other tab lived when this page came, as far as is known
let orphans = []; // tabs whose events are this page's to send: its own, and those that live no more
let found = []; // their stored chunks that are still to be taken over
let isLeaving; // whether the page has left its tab's name and seq for the next page
let watch; // ends the waits for locks of other tabs
let releases = []; // to call when the page is left: each gives a lock back, or ends a wait for one

// What a page tracks while it is left counts too.
afterwards.push(() => {
  if (isLeaving) leaveTab(tabId, nextSeq);
});

/** So many random numbers, as a text. */
export const random = (words) =>
  `${attempt(() => crypto.getRandomValues(new Uint32Array(words))) ?? Math.random() * 2 ** 53}`;

/** Finds out which tab this is, and takes its turn among the others: the tab's name, the seed, and whether it is alone. */
export async function joinTabs() {
  const isNext = tabText();
  await claim();
  return { tabId, seed, isFirst: isAlone && !isNext };
}

/**
 * The page is about to be left, or is: its tab's next page goes on from here. That may be one which was kept, which Chromium
 * shows before it hides this one; and Firefox keeps no page that holds a lock when it decides.
 */
export function leaveTabs() {
  isLeaving = true;
  watch?.abort();
  leaveTab(tabId, nextSeq);
  const all = releases;
  releases = [];
  for (const release of all) release();
}

/** The page is of no tab any more; what it held of others is theirs. */
export function quitTabs() {
  leaveTabs();
  isLeaving = false;
  tabId = undefined;
  orphans = [];
  found = [];
  useSeq(0);
}

/** The page was not left after all. */
export const stay = () => isLeaving && claim();

/**
 * Holds the tab's lock while the page lives. Its name has the seed: tabs that begin at once on an empty profile do not
 * yet see what the others store, but each in its turn they see each other's locks, and the first one's seed is
 * everybody's. It is not for pages that begin later: where they find no record, somebody has wiped it.
 *
 * In the same turn the page takes the locks of tabs that left events behind and live no more, and with them the events;
 * and its own tab's, unless another page has. Without locks nobody knows who lives: then what is a day old is taken to be
 * left behind.
 *
 * A page that is back, or was not left, takes its turn again: another of its tab may have gone on counting.
 */
export function claim() {
  const [[name, seq], [lastName, lastSeq]] = takeTab();
  tabId ??= name || random(1);
  raiseSeq(seq);
  if (lastName == tabId) raiseSeq(lastSeq);
  isLeaving = false;
  leave(false);
  seed = random(4);
  watch?.abort();
  watch = newAborter();
  return new Promise((resolve) => {
    releases.push(resolve);
    // A tab that was frozen while it has its turn would block this one, and this page may be left meanwhile. After CLAIM_MS, or as
    // it is left, it goes on without, and has its turn later.
    setTimeout(resolve, CLAIM_MS);
    takeTurn().catch(adoptOld).then(resolve, resolve);
  });
}

const takeTurn = async () => (isOpen() ? navigator.locks.request(KEY, inTurn) : adoptOld());

/** Without locks nobody knows who lives. */
function adoptOld() {
  const others = namesOf(outboxKeys());
  replayEarly();
  // What was just replayed is of pages that are gone.
  orphans = namesOf(outboxKeys()).filter((name) => name == tabId || !others.includes(name) || !hasYoung(name));
  adopt();
}

async function inTurn() {
  const { locks } = navigator;
  const all = (await locks.query()).held.map(({ name }) => name.split('.'));
  const held = all.filter(([key, tab]) => key == KEY && tab);
  const isHeld = (name) => held.some(([, tab]) => tab == name);
  const hold = (...parts) =>
    new Promise((granted) => {
      const wait = () => new Promise((release) => granted(releases.push(release)));
      locks.request([KEY, ...parts].join('.'), wait).catch(granted);
    });
  isAlone = !held[0];
  seed = held.find(([, , , began]) => Date.now() - +began < AGREE_MS)?.[2] ?? seed;
  // Between two pages of this tab another may have taken over what it left. The name is that one's then.
  if (!isStarted && isHeld(tabId)) {
    tabId = random(1);
    useSeq(0);
  }
  replayEarly();
  for (const tab of namesOf(outboxKeys())) {
    if (isHeld(tab)) continue;
    if (tab != tabId) await hold(tab);
    orphans.push(tab);
  }
  if (!isHeld(tabId)) await hold(tabId, seed, Date.now());
  adopt();
  // Where another tab's lock comes free, that may be between two of its pages.
  const again = () => later(() => isLeaving || claim(), REST_MS);
  for (const parts of held)
    if (watch && parts[1] != tabId)
      locks.request(parts.join('.'), { mode: 'shared', signal: watch.signal }, () => {}).then(again, () => {});
}

const namesOf = (keys) => [...new Set(keys.map(([, tab]) => tab))];

/** Whether the last event of a tab's chunk is of the latest day. */
const isYoung = (chunk) =>
  chunk
    .split(/^.*\n|\x1e/)
    .at(-1)
    .split('\n')[EVENT_TIME] >
  Date.now() - DAY_MS;

/** Whether a tab has stored an event within a day. */
const hasYoung = (name) => outboxKeys().some(([key, tab]) => tab == name && isYoung(read(key)));

/** Takes over what tabs have left behind, once there is a tracker to take it: in tasks of its own, as there may be thousands. */
export const adopt = () =>
  later(() => {
    if (!isStarted) return;
    // By the first seq of their segment, and in it by their own.
    const inOrder = (one, other) => one[2] - other[2] || (one[3] ?? 0) - (other[3] ?? 0);
    for (const tab of orphans)
      found.push(
        ...outboxKeys()
          .filter(([, its]) => its == tab)
          .sort(inOrder),
      );
    orphans = [];
    takeOver();
  });

/** A segment a task, all its chunks. */
function takeOver() {
  while (found[0]) {
    const [key] = found.shift();
    add(INPUT_RECOVERED, `${toLines({ [RECOVERED_KEY]: key })}\n${read(key)}`);
    if (!found[0]?.[3]) {
      report(INPUT_TIMER_FIRED);
      later(takeOver);
      return;
    }
  }
}
