// The handle that a page holds: it is there at once, keeps what is called before the module is ready together with
// the clocks' readings of that moment, and stays silent whatever happens to the module.

import { catchUp, isOptedOut, listen, look, now, open, tell, track, whenSettled } from 'shopbell-page';
import { check, say } from './options.js';

const QUEUE_MAX = 1000; // calls kept before the module is ready
const FLUSH_MS = 10_000; // flush() settles by then, whatever the network does
// Kinds of what is told, as page.rs numbers them.
const NEW_SESSION = 4, FLUSH = 6, CHECKOUT_PENDING = 11, STARTED = 13;

/**
 * Begins to track and returns the handle. `load` gives the way into the module, told the options and the calls that are kept; `earlier` are the calls that a stub has kept:
 * [method, wall, uptime, arguments]. Where there is no page, against the visitor's will and without a collector, the
 * handle does nothing.
 */
export function start(given, load, earlier = []) {
  const options = globalThis.document && check(given);
  let queue = options && !(options.gpc == 'respect' && isOptedOut()) && earlier;
  let isReady;
  // Where the page is now: it may route, and take parameters off its URL, before the module is ready.
  const { href, pathname } = globalThis.location ?? {};

  /** Does what was called, as of then. */
  const does = {
    track: (at, name, props) => track(name, props, at),
    page: (at, props) => track('page_view', props, at),
    newSession: (at) => tell(NEW_SESSION, '', '', at),
    checkoutPending: (at) => tell(CHECKOUT_PENDING, '', '', at),
    session: look,
    flush(at, done) {
      whenSettled(done);
      tell(FLUSH, '', '', at);
    },
  };

  function run(method, wall, uptime, args) {
    try {
      if (isReady) return does[method]([wall, uptime], ...args);
    } catch (error) {
      if (options.debug) say(error);
    }
  }

  function call(method, ...args) {
    if (options?.debug) console.debug('shopbell', method, ...args);
    if (!queue) return run(method, ...now(), args);
    try {
      // The page may go on to change its object.
      args = args.map((arg) => (arg && typeof arg == 'object' ? { ...arg } : arg));
    } catch {}
    if (queue.length < QUEUE_MAX) queue.push([method, ...now(), args]);
  }

  async function begin() {
    try {
      const started = queue[0]?.slice(1, 3) ?? now();
      const feed = await load(options, queue);
      const { site, midnight, timeoutMinutes, maxHours, campaign, autocapture } = options;
      const facts = await open(options);
      // Where no midnight ends a session, a day does.
      const hours = maxHours ?? (midnight === false ? 24 : 0);
      const compared = [false, true, 'medium', 'campaign'].indexOf(campaign);
      const numbers = [STARTED, timeoutMinutes * 6e4, hours * 36e5, midnight !== false, compared, autocapture];
      feed([...numbers.map(Math.floor), site, facts].join('\n'));
      listen(feed, started, { href, pathname });
      isReady = true;
    } catch (error) {
      isReady = false;
      say('nothing is tracked: ' + error);
    }
    const kept = queue;
    queue = 0;
    kept.map((one) => run(...one));
    catchUp();
  }

  // A page that is rendered ahead may never be seen.
  if (queue) document.prerendering ? document.addEventListener('prerenderingchange', begin) : begin();

  return {
    track: (name, props) => call('track', name, props),
    page: (props) => call('page', props),
    newSession: () => call('newSession'),
    checkoutPending: () => call('checkoutPending'),
    session: () => run('session', 0, 0, []) ?? null,
    flush: () =>
      new Promise((resolve) => {
        if (!queue && !isReady) return resolve();
        setTimeout(resolve, FLUSH_MS);
        call('flush', () => resolve());
      }),
  };
}
