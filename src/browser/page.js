// The half of the tracker that gathers facts. It tells each as feed(text): what kind it is (they are numbered in
// page.rs), both clocks, the day, what is stored, a number or nothing, and a line for each part of what there is to say.

const ACTIVITY = 0, NAVIGATED = 1, TRACKED = 2, UNTRACKABLE = 3, HIDDEN = 5, WOKE = 7, LOOKED = 8, ANSWERED = 9, RECOVERED = 10, RETURNED = 12;
const BACK_FORWARD = 2, SPA = 3;
const ACTIVITY_MS = 1000; // trusted input is sampled at most this often
const REQUEST_MS = 29000; // a request without an answer for so long has failed; below what the tracker allows
const CLAIM_MS = 1000; // tabs that begin at once wait for each other this long at most
const AGREE_MS = 10000; // and agree on a seed with those that began so long before
const BLOCKED_MS = 20; // a request that fails so fast, with the device online, has not left it
const DAY_MS = 864e5;
const RESERVE = 65536; // characters of storage that are left to the site
// Statuses that no collector answers with, as answer.rs numbers them.
const REFUSED = 1, BLOCKED = 2;
const KEY = 'shopbell', TAB_KEY = 'shopbell.tab', BREAKER_KEY = 'shopbell.breaker';

// Where shops send their visitors to pay or to sign in, and whence these come back: payment services and wallets, the
// 3-D Secure pages of banks, identity providers. A host, or the domain above it.
export const GATEWAYS = `paypal.com stripe.com klarna.com adyen.com mollie.com sofort.com ideal.nl checkout.com worldpay.com
authorize.net squareup.com shop.app affirm.com afterpay.com clearpay.co.uk alipay.com payu.com przelewy24.pl
trustly.com redsys.es razorpay.com mercadopago.com pay.google.com pay.amazon.com cardinalcommerce.com arcot.com
wlp-acs.com rsa3dsauth.com accounts.google.com appleid.apple.com login.microsoftonline.com login.live.com
auth0.com okta.com`;

let feed; // the way into the tracker
let choices; // what the site chose: the options of the package, by their names there
let dates; // the calendar of the midnight rule; nothing where it is the device's
let storage, tabStorage; // localStorage and sessionStorage, or nothing
let isStored = true; // whether the former took all it was given; since when it did not, what is there is not this page's
let tabId;
let nextSeq = 0; // of the tab's next event, by the tracker's last word
let page; // the page in view, by its URL
let pending; // a route change that is still to be told: [kind, [wall, uptime]]
let wasClosed; // whether the browser was closed before this page, where that ends sessions
let hasLeft; // whether the page is left or kept for back and forward
let seed; // what a device without a record derives its ids from
let isAlone; // whether no other tab lived when this page came, as far as is known
let orphans = []; // tabs whose events are this page's to send: its own, and those that live no more
const releases = []; // what to call when the page is left: each gives a lock back, or waits for one no longer
const flushed = []; // calls to make when nothing is in flight
const own = {}; // what this page has stored last of what tabs share, for where storage takes nothing
let takesGzip; // whether the collector says that it does

export const now = () => [Date.now(), performance.now()];

/** A text in one line of bounded length. */
const clean = (text) => text.replace(/\s+/g, ' ').trim().slice(0, 256);

function attempt(action) {
  try {
    return action();
  } catch {}
}

/** Writes dates in a zone. Swedish ones are ISO 8601; a zone that is not known is as if none were named. */
export const calendar = (timeZone) => attempt(() => new Intl.DateTimeFormat('sv', { timeZone }));

/** Days since 1970-01-01, by a calendar or else where the device is. */
export function day(wall, dates) {
  const date = new Date(wall);
  return (dates ? Date.parse(dates.format(date)) : Date.UTC(date.getFullYear(), date.getMonth(), date.getDate())) / 864e5;
}

export function tell(kind, number = '', text = '', at = now()) {
  if (!feed) return;
  // A route change goes before what followed it.
  if (kind != NAVIGATED) settle();
  const read = (key) => ((isStored ? attempt(() => storage.getItem(key)) : own[key]) ?? '').replaceAll('\0', '');
  const when = [kind, ...at.map(Math.floor), day(at[0], dates), read(KEY)].join('\n');
  const told = feed([when, read(BREAKER_KEY), number + '\n' + text].join('\0'));
  // A tracker that is dead tells 0.
  nextSeq = Math.max(nextSeq, Math.floor(told));
  if (hasLeft) leaveTab();
  // Nothing is in flight, and nothing is about to be.
  if (kind != NAVIGATED && !(told % 1)) for (const done of flushed.splice(0)) done();
}

/** Tells a route change in the turn it was made in, once it is complete: routers set the title after the URL. */
function settle() {
  if (pending) {
    const [kind, at] = pending;
    pending = 0;
    arrive(kind, at);
  }
}

function arrive(kind, at, { href, pathname } = location, isClosed = 0) {
  page = pageOf(href);
  const referrer = kind == SPA ? href : document.referrer;
  const facts = [...[href, pathname].map((url) => url.slice(0, 2048)), ...landing(href, referrer, choices)];
  // Another page of this tab may have gone on counting while this one was kept for back and forward.
  tell(NAVIGATED, kind + 4 * isClosed + 8 * nextSeq, [...facts, clean(document.title)].join('\n'), at);
}

/** The part of a URL whose change makes another page: all but a fragment that is no path (#/… or #!…). */
export const pageOf = (url) => url.replace(/#(?![/!]).*/, '');

function changed(kind, later = queueMicrotask) {
  if (pageOf(location.href) == page) return;
  if (!pending) later(settle);
  pending = [kind, now()];
}

/**
 * What a page's URL and referrer say of how its visitor came: six utm values, the names of the parameters that have a
 * value, the referrer's origin and path, who that is, and whether the visitor comes back from a gateway. Parameters may
 * stand in the fragment too. Any text will do: what cannot be read is as if it were not there.
 */
export function landing(url, referrer, { gateways = '', internalCampaigns = true }) {
  const read = (text) => attempt(() => new URL(text)) ?? new URL('none:');
  const bare = ({ hostname }) => hostname.replace(/^www\./, '');
  const isAt = (host, domain) => `.${host}`.endsWith('.' + domain);
  const [own, from] = [url, referrer].map(read);
  const [here, there] = [own, from].map(bare);
  const hosts = `${GATEWAYS} ${gateways}`.toLowerCase().replaceAll('www.', '').match(/[^\s,/]+/g);
  const isReturn = there && hosts.some((host) => isAt(there, host) && !hosts.includes('-' + host));
  const isOwn = isAt(here, there) || isAt(there, here);
  const isTold = !isReturn && (!isOwn || internalCampaigns);
  const query = new URLSearchParams(isTold ? own.search + own.hash.replace(/^#([^?]*\?)?/, '&') : '');
  const values = [...query].map(([name, value]) => [name, clean(value)]).filter(([, value]) => value);
  const first = (...names) => values.find(([name]) => names.includes(name))?.[1] ?? '';
  const isForeign = there && !isOwn && !isReturn;
  return [
    ...['utm_source', 'utm_medium'].map((name) => first(name).toLowerCase()),
    ...['utm_campaign', 'utm_term', 'utm_content', 'utm_id'].map((name) => first(name)),
    values.map(([name]) => (/^\w+$/.test(name) ? name + ' ' : '')).join(''),
    isForeign ? clean(`${from.protocol}//${from.host}${from.pathname}`) : '',
    (!isOwn && first('ref', 'source').toLowerCase()) || (isForeign ? there : ''),
    isReturn || '',
  ];
}

/** Tracks an event; `at` are the readings of both clocks when it happened. */
export function track(name, props, at) {
  const told = attempt(() => {
    const json = props == null ? '' : JSON.stringify(props);
    // Only objects have members; what is none, or cannot be written, is not tracked.
    if (json && json[0] != '{') return;
    const { value, currency = '', transaction_id = '' } = props ?? {};
    const worth = name == 'purchase' ? Math.round(Math.min(Math.max(0, +value || 0), 1e9) * 1e4) : '';
    return [worth, [clean(name), json, clean(currency + '').slice(0, 8), transaction_id].join('\n')];
  });
  if (told) tell(TRACKED, ...told, at);
  else tell(UNTRACKABLE);
}

const open_ = (name) => attempt(() => window[name].length >= 0 && window[name]);

/** Opens as soon as the page is seen, for a Rust front-end; the package waits by itself. */
export async function openSeen(chosen) {
  if (document.prerendering) await new Promise((resolve) => document.addEventListener('prerenderingchange', resolve));
  return open(chosen);
}

/**
 * Opens storage and returns the tab's name, the seq of its next event, chance, the seed, and what the browser says of
 * itself. The site's choices are `collector`, `midnight`, `storage`, `gateways`, `internalCampaigns` and
 * `endOnBrowserClose`.
 */
export async function open(chosen) {
  choices = chosen;
  const { midnight } = chosen;
  if (midnight && midnight != 'local') dates = calendar(midnight);
  if (chosen.storage == 'local') {
    storage = open_('localStorage');
    tabStorage = open_('sessionStorage');
  }
  const tab = takeTab();
  [tabId, nextSeq] = (tab || random(1) + ' 0').split(' ');
  // The page may be left before it is listened to.
  addEventListener('pagehide', () => {
    hasLeft = true;
    tell(HIDDEN);
    leaveTab();
    // A page that holds a lock is not kept for back and forward.
    for (const release of releases.splice(0)) release();
  });
  await claim();
  wasClosed = chosen.endOnBrowserClose && isAlone && !tab && !document.wasDiscarded;
  return [tabId, nextSeq, random(4), seed, device()].join('\n');
}

/** Takes the tab's name and next seq out of storage, so that a frame, or a duplicate of this tab, finds none. */
function takeTab() {
  const tab = attempt(() => tabStorage.getItem(TAB_KEY));
  attempt(() => tabStorage.removeItem(TAB_KEY));
  return /^\w+ \d+$/.test(tab) ? tab : '';
}

/** Leaves them for the tab's next page. */
const leaveTab = () => attempt(() => tabStorage.setItem(TAB_KEY, tabId + ' ' + nextSeq));

/** Whether the visitor said so to every site. */
export const isOptedOut = () => navigator.globalPrivacyControl || navigator.doNotTrack == 1;

/**
 * Stores a text, or removes the key of an empty one; returns whether storage takes what it is given. A segment is begun
 * only where there is room for the site too: the last bytes are its own.
 */
export function store(key, text) {
  const parts = key.split('.').length; // what tabs share has fewer than a segment's head, and an event has more
  if (!text) attempt(() => storage.removeItem(key));
  else if (isStored)
    isStored = attempt(() => {
      if (parts == 3) storage.setItem(key, text + ' '.repeat(RESERVE));
      storage.setItem(key, text);
      return true;
    });
  if (parts < 3) own[key] = text;
  return isStored;
}

let timer;

/** Rings in so many milliseconds; not at all if they are negative. */
export function wake(waitMs) {
  clearTimeout(timer);
  if (waitMs >= 0) timer = setTimeout(tell, waitMs, WOKE);
}

const random = (words) => crypto.getRandomValues(new Uint32Array(words)).join('');

/** What the browser says of itself, as members of a JSON object. */
function device() {
  const { language, webdriver } = navigator;
  const time_zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const bot = webdriver ? 'webdriver' : undefined;
  return JSON.stringify({ language, time_zone, screen: [screen.width, screen.height], bot }).slice(1, -1);
}

/** Recovers what earlier pages left, tells the page, and listens from here on. */
export function listen(tracker, at, url) {
  feed = tracker;
  adopt();
  const kind = ['reload', 'back_forward'].indexOf(performance.getEntriesByType('navigation')[0]?.type) + 1;
  arrive(kind, at, url, wasClosed && !kind);

  const on = (target, names, listener) =>
    names.map((name) => target.addEventListener(name, listener, { capture: true, passive: true }));
  let sampled = -ACTIVITY_MS;
  on(window, ['pointerdown', 'keydown', 'wheel', 'scroll'], (event) => {
    if (event.isTrusted && performance.now() - sampled >= ACTIVITY_MS) {
      sampled = performance.now();
      tell(ACTIVITY);
    }
  });
  // A tab that comes into view looks for what others have left.
  on(document, ['visibilitychange'], () => (document.hidden ? tell(HIDDEN) : hasLeft || claim()));
  on(window, ['pageshow'], (event) => {
    if (event.persisted) {
      hasLeft = false;
      const [, seq = 0] = takeTab().split(' ');
      nextSeq = Math.max(nextSeq, seq);
      if (isStored) tell(RETURNED);
      claim();
      arrive(BACK_FORWARD);
    }
  });
  for (const name of ['pushState', 'replaceState']) {
    const original = history[name];
    history[name] = function () {
      const result = original.apply(this, arguments);
      changed(SPA);
      return result;
    };
  }
  // The router's own listener is still to come.
  on(window, ['popstate'], () => changed(BACK_FORWARD, setTimeout));
  on(window, ['hashchange'], () => changed(SPA, setTimeout));
}

/**
 * Holds the tab's lock while the page lives. Its name has the seed: tabs that begin at once on an empty profile do not
 * yet see what the others store, but each in its turn they see each other's locks, and the first one's seed is
 * everybody's. It is not for pages that begin later: where they find no record, somebody has wiped it.
 *
 * In the same turn the page takes the locks of tabs that left events behind and live no more, and with them the events;
 * and its own tab's, unless another page has. Without locks nobody knows who lives: then what is a day old is taken to be
 * left behind.
 */
async function claim() {
  const { locks } = navigator;
  const names = (isLeft) => [...new Set(entries().map(([, tab]) => tab))].filter(isLeft);
  seed = random(4);
  if (!locks || !storage) {
    const isYoung = (key) => Date.now() - storage.getItem(key).split('\n')[3] < DAY_MS;
    orphans = names((name) => name == tabId || !entries().some(([key, tab]) => tab == name && isYoung(key)));
    return adopt();
  }
  const hold = (...name) =>
    new Promise((granted) => {
      const held = () => new Promise((release) => granted(releases.push(release)));
      locks.request([KEY, ...name].join('.'), held).catch(granted);
    });
  const turn = async () => {
    const held = (await locks.query()).held.map(({ name }) => name.split('.')).filter(([key, tab]) => key == KEY && tab);
    const isHeld = (name) => held.some(([, tab]) => tab == name);
    isAlone = !held[0];
    seed = held.find(([, , , began]) => Date.now() - began < AGREE_MS)?.[2] ?? seed;
    // Between two pages of this tab another may have taken over what it left, and has its name.
    if (!feed && isHeld(tabId)) [tabId, nextSeq] = [random(1), 0];
    for (const tab of names((name) => !isHeld(name))) {
      if (tab != tabId) await hold(tab);
      orphans.push(tab);
    }
    if (!isHeld(tabId)) await hold(tabId, seed, Date.now());
    adopt();
  };
  // Whoever has the turn may have stopped, or this page may be left: then it goes on, and has its turn when it comes.
  return new Promise((resolve) => {
    releases.push(resolve);
    locks.request(KEY, turn).then(resolve, resolve);
    setTimeout(resolve, CLAIM_MS);
  });
}

/** Takes over what tabs have left behind, as soon as there is a tracker to take it. */
const adopt = () => feed && recover(orphans.splice(0));

/** Keys of the outbox with their parts: the tab, the first seq of the segment, and the event's seq where it is one's. */
const entries = () =>
  (attempt(() => Object.keys(storage)) ?? [])
    .filter((key) => /^shopbell\.\w+\.\d/.test(key))
    .map((key) => [key, ...key.split('.').slice(1)]);

/** Tells the outbox entries of these tabs: each head before its entries, and these in order. */
function recover(tabs) {
  const found = entries().filter(([, tab]) => tabs.includes(tab));
  found.sort(([one], [other]) => one.localeCompare(other, 'en', { numeric: true }));
  for (const [place, [key, tab, first, seq = '']] of found.entries()) {
    // A page that died while it stored or removed a segment may have left a head alone.
    if (!seq && !found[place + 1]?.[0].startsWith(key + '.')) storage.removeItem(key);
    else tell(RECOVERED, seq, [tab, first, attempt(() => storage.getItem(key))].join('\n'));
  }
  if (found[0]) tell(WOKE);
}

let shown;
export const show = (session) => (shown = session);

/** The session as it is now, or null. */
export function look() {
  shown = null;
  tell(LOOKED);
  return JSON.parse(shown);
}

const isHidden = () => hasLeft || document.hidden;

/** Posts a batch. What was tried before goes without keepalive, for whose quota the browser may have refused it. */
export function send(body, batch, isRetry) {
  // What is no number of milliseconds is none.
  const answer = (status, retryAfterMs) => tell(ANSWERED, batch, status + '\n' + retryAfterMs);
  const url = choices.collector;
  const limit = new AbortController();
  setTimeout(() => limit.abort(answer(0)), REQUEST_MS);
  let began;
  const sent = async () => {
    // The tracker is lent out while it sends, and the page's own fetch may call it.
    await 0;
    if (isHidden() && !('keepalive' in Request.prototype)) return navigator.sendBeacon(url, body) || answer(REFUSED);
    let headers;
    if (takesGzip && !isHidden()) {
      body = await new Response(new Blob([body]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer();
      headers = { 'content-encoding': 'gzip' };
    }
    began = performance.now();
    const response = await fetch(url, {
      method: 'POST', body, headers, keepalive: !isRetry || isHidden(), credentials: 'omit', redirect: 'error',
      signal: limit.signal,
    });
    // A body left unread would keep the page's keepalive quota.
    await response.text().catch(() => {});
    const header = (name) => response.headers.get(name);
    const after = header('retry-after');
    takesGzip = globalThis.CompressionStream && /gzip/.test(header('accept-encoding'));
    // No collector answers with a page; the portal of a network does.
    const isPortal = response.ok && /html/.test(header('content-type'));
    answer(isPortal ? 0 : response.status, after && Math.ceil(isNaN(after) ? Date.parse(after) - Date.now() : after * 1000));
  };
  // To a page that is left a request fails, and goes on without it.
  sent().catch(() => hasLeft || answer(navigator.onLine && performance.now() - began < BLOCKED_MS ? BLOCKED : 0));
}

/** Sends what waits, if the page was hidden or left before there was a tracker. */
export const catchUp = () => isHidden() && tell(HIDDEN);

/** Calls `done` as soon as nothing is in flight. */
export const whenSettled = (done) => flushed.push(done);
