// The handle that a page holds: it is there at once, keeps what is called before there is a tracker, and stays silent
// whatever happens to that.

import { whenShown } from 'shopbell-page/began.js';
import { now } from 'shopbell-page/clock.js';
import { expectCall, settle, snapshot } from 'shopbell-page/facts.js';
import { attempt, say } from 'shopbell-page/guard.js';
import { flush } from 'shopbell-page/send.js';
import { start as startTracker } from 'shopbell-page/start.js';
import { isOptedOut, KEY } from 'shopbell-page/storage.js';
import { factsNow, keepCall, leave } from './early.js';
import { check } from './options.js';

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
  const options = globalThis.document && check(given);
  // Calls are kept as facts of the page, whether there is a tracker to report them to or not yet.
  let hasFailed = false;
  let state = !options || (options.gpc == 'respect' && isOptedOut()) ? 'off' : 'early';

  const onError = options?.debug && say;

  function call(method, ...all) {
    if (options?.debug) console.debug('shopbell', method, ...all);
    if (state == 'off') return;
    if (state == 'ready') attempt(expectCall, onError);
    keepCall(facts, method, ...all);
    if (state == 'ready' && facts.calls.length >= CALLS_MAX) attempt(settle, onError);
  }

  async function begin() {
    if (state == 'early') {
      facts ??= factsNow(CHARS_MAX);
      addEventListener('pagehide', () => {
        if (state == 'early') leave(facts, given);
      });
      try {
        // Nobody has seen a page before it is shown.
        if (await whenShown()) {
          const calls = facts.calls.map(([method, , , ...given]) => [method, ...now(), ...given]);
          Object.assign(facts, { ...factsNow(CHARS_MAX), calls });
        }
        await startTracker(await load(), options, () => facts);
        state = 'ready';
        facts.room = Infinity;
      } catch (error) {
        // What the page keeps is still told as it is left.
        hasFailed = true;
        say(`the tracker cannot start: ${error}`);
      }
    }
    for (const done of flushes) finish(done);
  }

  /** Calls `done` when what waits is answered, or there is nothing to wait for. */
  function finish(done) {
    if (state == 'early' && !hasFailed) flushes.push(done);
    else if (state == 'ready') attempt(() => flush(done), onError);
    else done();
  }

  const handle = {
    track: (name, props) => call('track', name, props),
    page: (props) => call('page', props),
    newSession: () => call('newSession'),
    checkoutPending: () => call('checkoutPending'),
    session: () => (state == 'ready' && attempt(snapshot, onError)) || null,
    flush: () =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, FLUSH_MS);
        finish(() => resolve(clearTimeout(timer)));
      }),
  };
  if (state == 'early') globalThis[RUNNING] = [handle, options.site];
  begin();
  return handle;
}
