// Requests: how a batch leaves, and what came of it.

import { uptime } from './clock.js';
import { askZone } from './device.js';
import { afterwards, report } from './facts.js';
import { IS_BASIC, MEDIA_TYPE, READS_ANSWERS, RESET_HEADER, TAKES_GZIP } from './format.js';
import { attempt, clean, later, newAborter, toLines } from './guard.js';
import {
  ANSWER_CHARS_MAX,
  ANSWER_MS_MAX,
  ANSWERED_BATCH,
  ANSWERED_LINES,
  ANSWERED_OUTCOME,
  ANSWERED_RETRY_AFTER_MS,
  ANSWERED_STATUS,
  INPUT_ANSWERED,
  INPUT_FLUSH,
  OUTCOME_ANSWERED,
  OUTCOME_BLOCKED,
  OUTCOME_FAILED,
  OUTCOME_REFUSED,
} from './layout.js';
import { chosen } from './rules.js';
import { GZIP_KEY, read, store } from './storage.js';

const REQUEST_MS = ANSWER_MS_MAX - 1000; // a request without an answer for so long has failed
const BLOCKED_MS = 20; // a request that fails so fast, with the device online, has not left it

// Stored where the collector, or a proxy, refused a compressed batch; its URL where it says that it takes them.
const REFUSED = '0';

/** @type {RequestInit} */
const POST = { method: 'POST', credentials: 'omit', redirect: 'error' };
if (MEDIA_TYPE) POST.headers = { 'content-type': MEDIA_TYPE };

let armed; // takes back what the browser is to send if the page ends without a word
const inFlight = new Set(); // of each request what gives it up
let waiting = []; // to call when nothing is in flight

/** Whether the page is left, or kept for back and forward. */
export let hasLeft = false;
export const leave = (isLeft) => (hasLeft = isLeft);
export const isHidden = () => document.hidden || hasLeft;

/** Sends what waits, and calls `done` when that is answered. */
export function flush(done, at) {
  waiting.push(done);
  report(INPUT_FLUSH, '', at);
}

afterwards.push(() => {
  if (inFlight.size) return;
  const all = waiting;
  waiting = [];
  for (const done of all) done();
});

/** Posts a batch. What was tried before goes without keepalive, for whose quota the browser may have refused it. */
export function send(body, batch, isRetry) {
  // @ts-expect-error: every format that is basic has a media type.
  if (IS_BASIC) POST.headers.authorization = `Basic ${btoa(`${chosen.site}:`)}`;
  const limit = newAborter();
  const known = TAKES_GZIP ? read(GZIP_KEY) : REFUSED;
  const isKnown = known == chosen.collector;
  let began;
  const answer = (how, status = 0, retryAfterMs = 0, text = '') => {
    clearTimeout(timer);
    if (!inFlight.delete(giveUp)) return;
    const lines = {
      [ANSWERED_BATCH]: batch,
      [ANSWERED_OUTCOME]: how,
      [ANSWERED_STATUS]: status,
      [ANSWERED_RETRY_AFTER_MS]: retryAfterMs,
    };
    if (READS_ANSWERS) lines[ANSWERED_LINES] = clean(text, ANSWER_CHARS_MAX);
    report(INPUT_ANSWERED, toLines(lines));
    askZone();
  };
  const giveUp = () => {
    answer(OUTCOME_FAILED);
    limit?.abort();
  };
  const timer = later(giveUp, REQUEST_MS);
  inFlight.add(giveUp);
  const post = async (isPacked) => {
    const packed = isPacked ? await gzip(body) : body;
    began = uptime();
    const response = await fetch(chosen.collector, {
      ...POST,
      body: packed,
      keepalive: !isRetry || isHidden(),
      signal: limit?.signal,
    });
    const { ok, status, url } = response;
    // A body left unread would keep the page's keepalive quota. Wrappers of `fetch` may answer with a status alone.
    const text = /** @type {any} */ (await (async () => response.text())().catch(() => {}));
    const header = (name) => attempt(() => response.headers.get(name));
    const takes = /gzip/.test(header('accept-encoding')) ? chosen.collector : '';
    // A proxy may refuse what it cannot read: then it goes as it is, as does all that follows.
    // @ts-expect-error: a number as text, which is a byte less
    if (isPacked && /^4(?!08|29)/.test(status)) {
      store(GZIP_KEY, REFUSED);
      return post();
    }
    // No collector answers with a page over plain http; the portal of a network does. And one that says what it takes says so in
    // every answer: a service worker made up another.
    const isPortal = ok && text && /^http:/.test(url) && /html/.test(header('content-type'));
    const isMadeUp = isKnown && ok && !takes && navigator.serviceWorker?.controller;
    if (isPortal || isMadeUp) return answer(OUTCOME_FAILED);
    if (known != REFUSED && known != takes) store(GZIP_KEY, takes);
    const wait = RESET_HEADER ? (header('retry-after') ?? header(RESET_HEADER)) : header('retry-after');
    answer(OUTCOME_ANSWERED, status, delayMs(wait), ...(READS_ANSWERS ? [text] : []));
  };
  const start = async () => {
    // The tracker is lent out while it sends, and the page's own fetch may call it.
    await 0;
    const isLast = isHidden();
    if (!isLast || 'keepalive' in Request.prototype)
      return post(TAKES_GZIP && !isLast && !isRetry && globalThis.CompressionStream && isKnown);
    const beacon = MEDIA_TYPE ? new Blob([body], { type: MEDIA_TYPE }) : body;
    const isAccepted = navigator.sendBeacon(chosen.collector, beacon);
    answer(isAccepted ? OUTCOME_ANSWERED : OUTCOME_REFUSED, 200);
  };
  start().catch(async () => {
    const isBlocked = navigator.onLine && uptime() - began < BLOCKED_MS;
    // Requests of a page that is left fail, though they may have arrived, and before it hears that it is left: the next page finds
    // out. A file is read in a task of its own, which only a page that stays has.
    await attempt(() => new Blob().text());
    if (hasLeft) return;
    answer(isBlocked ? OUTCOME_BLOCKED : OUTCOME_FAILED);
  });
}

/** Gives every request up. Firefox never settles those of a page that it keeps for back and forward. */
export function giveUpRequests() {
  for (const giveUp of [...inFlight]) giveUp();
}

/** Ends every request, and whoever waits for one waits no longer. */
export function stopSending() {
  arm('');
  giveUpRequests();
  for (const done of waiting) done();
  waiting = [];
}

/** Lets the browser send a batch if the page ends without a word, and takes the one before back. Its quota may be used up. */
export function arm(body) {
  attempt(() => {
    armed?.abort();
    armed = newAborter();
    // @ts-expect-error: TypeScript does not know it yet.
    if (body) fetchLater(chosen.collector, { ...POST, body, signal: armed.signal });
  });
}

const gzip = (body) => new Response(new Blob([body]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer();

/** Milliseconds that a `Retry-After` asks for, in seconds or as a date (RFC 9110 section 10.2.3). */
const delayMs = (after) => after && Math.ceil(after >= 0 ? after * 1000 : Date.parse(after) - Date.now());
