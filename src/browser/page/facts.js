// How things are reported: as lines of text, all of a task in one call of the module.

import { dayAt, now } from './clock.js';
import { attempt, clean, later, soon, toLines } from './guard.js';
import { toJson } from './json.js';
import {
  INPUT_CHECKOUT_PENDING,
  INPUT_DROPPED,
  INPUT_NEW_SESSION,
  INPUT_SNAPSHOT_REQUESTED,
  INPUT_STANDING,
  INPUT_START,
  INPUT_TRACKED,
  MOMENT_DAY,
  MOMENT_KIND,
  MOMENT_UPTIME,
  MOMENT_WALL,
  TRACKED_NAME,
  TRACKED_PROPS,
} from './layout.js';
import { readPurchase } from './order.js';
import { scrub } from './scrub.js';
import { BREAKER_KEY, KEY, read, store, USER_KEY } from './storage.js';

const KINDS = {
  track: INPUT_TRACKED,
  page: INPUT_TRACKED,
  newSession: INPUT_NEW_SESSION,
  checkoutPending: INPUT_CHECKOUT_PENDING,
  consent: INPUT_STANDING,
  identify: INPUT_STANDING,
};

let feed; // the way into the module
let inputs = []; // reported, and not yet given to the module
let page = { calls: [], dropped: 0 }; // the site's calls that are still to be reported
let deferred; // makes an input that is complete only later, unless another comes first
let shown;
let standing = ['pending', '']; // the visitor's consent, and who they are to the site
let isGiving;

/** Whether what happens is kept for a tracker that is still to begin. */
let isKeeping;
/** Whether the page's tracker is there to take inputs. */
export let isStarted = false;
/** The seq of the tab's next event, by the tracker's last word. */
export let nextSeq = 0;
/** Called after each time that the module was given inputs. */
export const afterwards = [];

/** From here on, this is the way into the module. */
export const useFeed = (way) => (feed = way);
export const useSeq = (seq) => (nextSeq = seq);
export const raiseSeq = (seq) => useSeq(Math.max(nextSeq, seq || 0));

/** An input as text: its kind and when it happened, and lines. */
export function toInput(kind, lines, [wall, uptime]) {
  const moment = {
    [MOMENT_KIND]: kind,
    [MOMENT_WALL]: Math.floor(wall),
    [MOMENT_UPTIME]: Math.floor(uptime),
    [MOMENT_DAY]: dayAt(wall),
  };
  return `${toLines(moment)}\n${lines}`;
}

/** The site's calls on a page, each [method, wall, uptime, two arguments as JSON], as inputs. */
export function toCalls({ calls, dropped }) {
  const made = [];
  let invalid = dropped;
  for (const [method, wall, uptime, first, second] of calls) {
    let lines = '';
    if (method == 'page') lines = attempt(() => trackedLines('page_view', first));
    if (method == 'track') lines = attempt(() => trackedLines(JSON.parse(first), second));
    if (KINDS[method] == INPUT_STANDING) lines = attempt(() => stand(method, JSON.parse(first)));
    if (lines === undefined) invalid++;
    else if (KINDS[method]) made.push(toInput(KINDS[method], lines, [wall, uptime]));
  }
  if (invalid) made.push(toInput(INPUT_DROPPED, invalid, now()));
  return made;
}

/** The visitor's consent as the tracker begins, where it is not pending. */
export const useConsent = (consent) => isKeeping || (standing[0] = consent);

/** They are copied into events as they are, so the last is ended too. */
const standingLines = (consent, userId) => toLines([consent, userId, '']);

/** From here on the visitor stands like this to the site, by what it called; returns the lines of it. */
function stand(method, value) {
  standing[+(method == 'identify')] = clean(scrub(`${value ?? ''}`));
  if (isStarted) store(USER_KEY, standing[1]);
  return standingLines(...standing);
}

/** The lines of a tracked event; nothing for what cannot be tracked. */
function trackedLines(name, props) {
  const json = props == 'null' ? '' : (props ?? '');
  // Only objects have members, and only a text is a name.
  if ((json && json[0] != '{') || !name.trim()) return;
  const scrubbed = json && toJson(JSON.parse(json, scrubMember));
  const [fitting, ...order] = name == 'purchase' ? readPurchase(scrubbed) : [scrubbed];
  return [toLines({ [TRACKED_NAME]: clean(name), [TRACKED_PROPS]: fitting }), ...order].join('\n');
}

/** A member of properties without what names a person. Under some names are the shop's own: an order's id is never changed. */
const scrubMember = (name, value) =>
  typeof value == 'string' ? scrub(value, /(id|sku|code|order\w*|gtin|ean|isbn)$/i.test(name)) : value;

/** What came before is reported before: a route change that was not complete, and the site's calls. */
function reportEarlier() {
  const make = deferred;
  deferred = undefined;
  make?.();
  inputs.push(...toCalls(page));
  page.calls = [];
  page.dropped = 0;
}

/**
 * Adds an input to those of this task.
 * @param {number} kind
 * @param {string} [lines]
 * @param {[number, number]} [at]
 */
export function add(kind, lines = '', at = now()) {
  if (!isStarted && !isKeeping) return;
  reportEarlier();
  // Before there is a tracker there is room for so much.
  if (!isStarted && (page.room -= lines.length) < 0) page.dropped++;
  else inputs.push(toInput(kind, lines, at));
  soon(settle);
}

/**
 * Adds an input at once, with all that came before it.
 * @param {number} kind
 * @param {string} [lines]
 * @param {[number, number]} [at]
 */
export function report(kind, lines, at) {
  add(kind, lines, at);
  settle();
}

/** Adds what `make` will make of itself, in the next task or when another input comes. */
export function defer(make) {
  if (!deferred) later(settle);
  reportEarlier();
  deferred = make;
}

/** The site is about to call: what came before is complete now. */
export function expectCall() {
  if (deferred) reportEarlier();
  if (!page.calls[0]) soon(settle);
}

/** Gives the module what this task reported so far. */
export function settle() {
  if (isGiving || (!isStarted && !isKeeping)) return;
  reportEarlier();
  if (!isStarted || !inputs[0]) return;
  const all = inputs;
  inputs = [];
  // A tracker that is dead answers 0.
  raiseSeq(give(read(KEY), all));
  for (const next of afterwards) next();
}

/**
 * Gives the module inputs, with the record as it stands, and returns the seq that it answers. What it asks the page meanwhile may
 * call the tracker: that waits.
 */
export function give(stored, all) {
  isGiving = true;
  try {
    return feed([stored, read(BREAKER_KEY), ...all].join('\0'));
  } finally {
    // A module that is dead throws each time, and what it is given is not to pile up.
    isGiving = false;
  }
}

/** The page's tracker begins, with these lines. */
export function startTracker(lines) {
  give('', [toInput(INPUT_START, lines, now())]);
  isStarted = true;
  isKeeping = false;
}

/** Adds an input in front of all that happened before there was a tracker. */
export const addFirst = (kind, lines, at) => inputs.unshift(toInput(kind, lines, at));

/** Tells how the visitor stood to the site as the page began. */
export function tellStanding(consent) {
  const userId = read(USER_KEY);
  addFirst(INPUT_STANDING, standingLines(consent, userId), now());
  standing[1] ||= userId;
  store(USER_KEY, standing[1]);
}

/** What happens from here on is kept, with the calls of these facts, for a tracker that is still to begin. */
export function keepInputs(facts) {
  isKeeping = true;
  useCalls(facts);
}

/** Nothing is reported any more. */
export function stopReporting() {
  isStarted = isKeeping = false;
  inputs = [];
  deferred = undefined;
  standing = ['pending', ''];
  useCalls({ calls: [], dropped: 0 });
}

/** From here on the calls that are kept with these facts are reported. */
export const useCalls = (facts) => (page = facts);

/** A call by a front-end in Rust: a method of the package's handle, with its arguments as JSON. */
export function call(method, first, second, [wall, uptime]) {
  expectCall();
  page.calls.push([method, wall, uptime, first, second]);
}

/** Counts calls that were no events, and those for which there was no room. */
export function countDropped(calls) {
  page.dropped += calls;
  soon(settle);
}

export const show = (session) => (shown = session);

/** The session as it is now, or null. */
export function snapshot() {
  shown = null;
  report(INPUT_SNAPSHOT_REQUESTED);
  return JSON.parse(shown);
}
