// The handle that a page holds: it is there at once, keeps what is called before there is a tracker, and stays silent
// whatever happens to that.

import { whenShown } from 'shopbell-page/began.js';
import { now } from 'shopbell-page/clock.js';
import { expectCall, settle, snapshot } from 'shopbell-page/facts.js';
import { attempt, say } from 'shopbell-page/guard.js';
import { flush } from 'shopbell-page/send.js';
import { keep, start as startTracker, stop } from 'shopbell-page/start.js';
import { isOptedOut, KEY, onWiped, optOut } from 'shopbell-page/storage.js';
import { factsNow, keepCall, leave } from './early.js';
import { check, consents } from './options.js';

const CALLS_MAX = 1000; // more in one task are reported before it is over
const CHARS_MAX = 250_000; // of calls that are kept before there is a tracker
const RUNNING = Symbol.for(KEY); // the page's tracker, of whatever copy of this code
const FLUSH_MS = 10_000; // flush() settles by then, whatever the network does

/**
 * Begins to track and returns the handle. `load` gives the way into the module. If the inline stub was there before, its facts
 * are this page's, and its callers of `flush()` wait. A page has one tracker, however often it is started. Where there is no page, against the visitor's will and without a
 * collector, the handle does nothing.
 */
export function start(given, load, [facts, flushes = []] = []) {
  const [running, site] = globalThis[RUNNING] ?? [];
  if (running) {
    if ((given?.site ?? site) != site) say(`this page is tracked as ${site}`);
    return running;
  }
  const parts = [].concat(given?.parts ?? []);
  // Where a part asks for consent, it is pending until it has.
  const consent = given?.consent ?? (parts.some((part) => part?.asks) ? 'pending' : undefined);
  const options = globalThis.document && check({ ...given, consent });
  const isCookieless = options?.gpc == 'cookieless' && isOptedOut();
  let wanted = options?.consent;
  // The stub decides nothing.
  for (const [method, , , value] of facts?.calls ?? []) {
    if (method == 'consent') wanted = value?.slice(1, -1);
    if (method == 'forget') wanted = 'denied';
  }
  let state = 'off'; // or `denied`, `pending` for consent, `early` for the tracker, `ready`
  let hasFailed = false;
  let runs = 0; // how often something began or ended here

  const onError = options?.debug && say;

  // Calls are kept as facts of the page, whether there is a tracker to report them to or not yet.
  function call(method, ...all) {
    if (options?.debug) console.debug('shopbell', method, ...all);
    if (!facts || !runs) return;
    if (state == 'ready') attempt(expectCall, onError);
    keepCall(facts, method, ...all);
    if (state == 'ready' && facts.calls.length >= CALLS_MAX) attempt(settle, onError);
  }

  /** Goes as far as the visitor wants: not at all, to facts in memory, or to a tracker. */
  function enter() {
    if (!options) return settleFlushes();
    const isOut = optOut() || (options.gpc == 'respect' && isOptedOut());
    state = isOut ? 'off' : wanted == 'granted' ? 'early' : wanted;
    // What is cookieless tells of no device, and is nobody's.
    options.consent = isCookieless ? 'denied' : wanted;
    if (isCookieless) options.storage = 'memory';
    if (/pending|early/.test(state)) begin();
    else end(true);
  }

  /** Keeps the facts of the page from here on; where there is consent, tells them to a tracker. */
  async function begin() {
    const run = ++runs;
    facts ??= factsNow(CHARS_MAX);
    // Nobody has seen a page before it is shown.
    const isLate = await whenShown();
    if (run != runs) return;
    if (isLate) {
      const calls = facts.calls.map(([method, , , ...given]) => [method, ...now(), ...given]);
      Object.assign(facts, { ...factsNow(CHARS_MAX), calls });
    }
    try {
      if (state == 'pending') return keep(options, facts);
      await startTracker(await load(), options, () => {
        if (run != runs) throw 0;
        return facts;
      });
      state = 'ready';
      facts.room = Infinity;
    } catch (error) {
      if (run != runs) return;
      // What the page keeps is still told as it is left.
      hasFailed = true;
      say(`the tracker cannot start: ${error}`);
    }
    settleFlushes();
  }

  /** Nothing is tracked from here on, and nothing is left of what was. */
  function end(tellsOthers) {
    runs++;
    facts = undefined;
    attempt(() => stop(tellsOthers), onError);
    settleFlushes();
  }

  function settleFlushes() {
    for (const done of flushes.splice(0)) finish(done);
  }

  /** Calls `done` when what waits is answered, or there is nothing to wait for. */
  function finish(done) {
    if (state == 'early' && !hasFailed) flushes.push(done);
    else if (state == 'ready') attempt(() => flush(done), onError);
    else done();
  }

  function setConsent(given) {
    const [isOne, accepted] = consents;
    if (!isOne(given)) return say(`consent is ${given}; accepted is ${accepted}.`);
    if (given == wanted) return;
    wanted = given;
    if (state == 'pending' && given == 'granted') {
      call('consent', isCookieless ? 'denied' : given);
      state = 'early';
      begin();
    } else reenter();
  }

  function reenter() {
    end(true);
    enter();
  }

  /** The device is forgotten: until the visitor's consent is said anew, nothing is tracked on this page. */
  function forget(tellsOthers) {
    wanted = state = 'denied';
    end(tellsOthers);
  }

  const handle = {
    track: (name, props) => call('track', name, props),
    page: (props) => call('page', props),
    identify: (userId) => call('identify', userId),
    newSession: () => call('newSession'),
    checkoutPending: () => call('checkoutPending'),
    session: () => (state == 'ready' && attempt(snapshot, onError)) || null,
    flush: () =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, FLUSH_MS);
        finish(() => resolve(clearTimeout(timer)));
      }),
    consent: setConsent,
    forget: () => forget(true),
    optOut: (isOut) => {
      const wasOut = optOut();
      if (optOut(isOut) != wasOut) reenter();
      return optOut();
    },
  };
  enter();
  if (options) {
    globalThis[RUNNING] = [handle, options.site];
    onWiped(() => facts && forget(false));
    addEventListener('pagehide', () => {
      if (state == 'early' && !given.beforeSend) leave(facts, { ...given, consent: '' });
    });
    for (const part of parts) attempt(() => part(handle), say);
  }
  return handle;
}
