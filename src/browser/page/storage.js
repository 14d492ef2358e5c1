// The one gate to what the browser keeps.

import { uptime } from './clock.js';
import { attempt } from './guard.js';

export const KEY = 'shopbell';
export const BREAKER_KEY = 'shopbell.breaker';
export const EARLY_KEY = 'shopbell.early';
export const GZIP_KEY = 'shopbell.gzip';
export const USER_KEY = 'shopbell.user';
export const OPT_OUT_KEY = 'shopbellOff'; // the one thing that is kept of a visitor who wants nothing kept
const WIPED = '-'; // is the record for a moment, so that other tabs are told
const TAB_KEY = 'shopbell.tab';
// Browsers keep 2,500,000 characters an origin at least (WebKit). Waiting events are stored only where the site's and the
// tracker's own are fewer than this: with the most that waiting events of a tab take, 64 KiB are left to the site then.
const STORED_CHARS_MAX = 1_900_000;
const COUNT_MS = 5000; // what is stored is counted at most this often

let local = {}; // localStorage, if there is one
let session; // sessionStorage, if there is one
let isTaking = true; // whether localStorage took all it was given; since it did not, what is there may be out of date
let isWhole = true; // whether all waiting events that were to be stored were
let countedAt = -COUNT_MS;
let hasRoom;
let latest = {}; // what this page has stored last of what tabs share, for where storage takes nothing

/** localStorage; an object that keeps nothing where the site, the visitor or the browser wants none. */
export function localArea(wanted) {
  try {
    // Some in-app browsers have null there.
    return wanted == 'memory' ? {} : (localStorage ?? {});
  } catch {
    return {};
  }
}

/** Whether the visitor said to every site that they are not to be tracked. */
// @ts-expect-error: a text that is compared with a number, which is a byte less in the inline stub
export const isOptedOut = () => navigator.globalPrivacyControl || navigator.doNotTrack == 1;

/** Whether the visitor said so to this site, which may ask with `isOut` for something else. */
export function optOut(isOut) {
  return attempt(() => {
    if (isOut) localStorage[OPT_OUT_KEY] = 1;
    else if (isOut === false) localStorage.removeItem(OPT_OUT_KEY);
    return !!localStorage[OPT_OUT_KEY];
  });
}

/** Opens storage, if the site wants it. */
export function openStorage(wanted) {
  local = localArea(wanted);
  if (wanted == 'local') session = attempt(() => sessionStorage);
  latest = {};
  isTaking = isWhole = true;
  // There may be thousands of keys to count, which need not be in the task that stores first.
  leavesRoom();
}

export const isOpen = () => local.setItem;
export const isAllStored = () => isTaking && isWhole;

/** A text that tabs share, as it is stored; where storage takes nothing, what this page would have stored last. */
export const read = (key) => ((isTaking ? attempt(() => local.getItem(key)) : latest[key]) ?? '').replaceAll('\0', '');

/** Removes a text and returns it. */
export function take(key) {
  const text = read(key);
  if (text) attempt(() => local.removeItem(key));
  return text;
}

/** Stores a text, or removes the key of an empty one; returns whether storage takes what it is given. */
export function store(key, text) {
  const parts = key.split('.').length; // what tabs share has fewer than the chunks of an outbox
  if (parts < 3) latest[key] = text;
  if (!text) attempt(() => local.removeItem(key));
  else if (parts == 3 && !leavesRoom()) isWhole = false;
  else if (isTaking) {
    // Some pages have a Storage that keeps nothing, and says nothing of it.
    isTaking = attempt(() => {
      local.setItem(key, text);
      return local.getItem(key) == text;
    });
  }
  return isAllStored();
}

/** Removes all that is ours, and keeps nothing from here on; other tabs do the same if they are to be told. */
export function wipe(tellsOthers) {
  local = localArea();
  session ??= attempt(() => sessionStorage);
  for (const area of [local, session]) {
    const ours = attempt(() => Object.keys(area).filter((key) => /^shopbell(\.|$)/.test(key))) ?? [];
    if (ours[0] && tellsOthers) attempt(() => area.setItem(KEY, WIPED));
    for (const key of [KEY, ...ours]) attempt(() => area.removeItem(key));
  }
  local = {};
  session = undefined;
}

/** Calls an action when another tab has removed all, or did so while this page was kept for back and forward. */
export function onWiped(action) {
  addEventListener('storage', ({ key, newValue }) => key == KEY && newValue == WIPED && action());
  addEventListener('pageshow', ({ persisted }) => persisted && latest[KEY] && !read(KEY) && action());
}

/** Whether a segment may be stored and the site still has room. */
function leavesRoom() {
  const now = uptime();
  if (now - countedAt >= COUNT_MS) {
    countedAt = now;
    let left = STORED_CHARS_MAX;
    hasRoom = keys().every((key) => (left -= key.length + read(key).length) > 0);
  }
  return hasRoom;
}

/** All keys that are stored. */
export const keys = () => attempt(() => Object.keys(local)) ?? [];

/** Keys of the outbox with their parts: the tab, the first seq of the segment, and that of the chunk if it is another. */
export const outboxKeys = () =>
  keys()
    .filter((key) => /^shopbell\.\w+\.\d/.test(key))
    .map((key) => [key, ...key.split('.').slice(1)]);

/** The tab's name and the seq of its next event, as the tab's page before left them. */
export const tabText = () => attempt(() => session.getItem(TAB_KEY)) ?? '';

/**
 * Takes them out of storage, so that a frame, or a duplicate of this tab, finds none; and those that a page of any tab left
 * last: Firefox gives a kept page its sessionStorage as that page left it, without what later pages of the tab counted.
 */
export function takeTab() {
  const texts = [tabText(), read(TAB_KEY)];
  attempt(() => session.removeItem(TAB_KEY));
  return texts.map((text) => (/^\w+ \d+$/.test(text) ? text.split(' ') : []));
}

/** Leaves them for the tab's next page. */
export function leaveTab(tabId, seq) {
  const text = `${tabId} ${seq}`;
  attempt(() => session.setItem(TAB_KEY, text));
  store(TAB_KEY, text);
}
