// The handle that a page holds: it is there at once, keeps what is called before the module is ready together with
// the clocks' readings of that moment, and stays silent whatever happens to the module.

import { listen, now, open, tell, track, whenSettled } from 'shopbell-page';
import { check, say } from './options.js';

const QUEUE_MAX = 1000; // calls kept before the module is ready
const FLUSH_MS = 10_000; // flush() settles by then, whatever the network does

// Kinds of what is told, as page.rs numbers them.
const NEW_SESSION = 4, FLUSH = 6, LOOKED = 8;

/** A handle that does nothing: on a server, against the visitor's will, without a collector. */
export const inert = () => ({
  track() {},
  page() {},
  newSession() {},
  session: () => null,
  flush: () => Promise.resolve(),
});

/**
 * Begins to track and returns the handle. `load` gives the module's tracker class; `earlier` are the calls that a
 * stub has kept: [method, wall, uptime, arguments].
 */
export function start(given, load, earlier = []) {
  const options = check(given);
  const optedOut = options?.gpc == 'respect' && (navigator.globalPrivacyControl || navigator.doNotTrack == '1');
  if (!options || optedOut) return inert();

  let queue = earlier;
  let tracker;
  const started = now();
  if (earlier[0]) started.splice(0, 2, Math.min(started[0], earlier[0][1]), Math.min(started[1], earlier[0][2]));

  /** Does what was called, as of then. */
  const does = {
    track: (at, name, props) => track(name, props, at),
    page: (at, props) => track('page_view', props, at),
    newSession: (at) => tell(NEW_SESSION, 0, '', at),
    session() {
      tell(LOOKED);
      const list = tracker.session();
      const session = {};
      for (let i = 0, into = session; i < list?.length; i += 2) {
        if (list[i + 1] == null) into = session[list[i]] = {};
        else into[list[i]] = list[i + 1];
      }
      return list && session;
    },
    flush(at, done) {
      whenSettled(done);
      tell(FLUSH, 0, '', at);
    },
  };

  function run(method, wall, uptime, args) {
    try {
      if (tracker) return does[method]([wall, uptime], ...args);
    } catch (error) {
      tracker = 0;
      if (options.debug) say(error);
    }
  }

  function call(method, ...args) {
    if (options.debug) console.debug('shopbell', method, ...args);
    if (!queue) return run(method, ...now(), args);
    // The page may go on to change its object.
    const kept = args.map((arg) => (arg && typeof arg == 'object' ? { ...arg } : arg));
    if (queue.length < QUEUE_MAX) queue.push([method, ...now(), kept]);
  }

  async function begin() {
    try {
      tracker = await load();
      const { collector, site, midnight, timeoutMinutes, maxHours, campaign, autocapture, storage } = options;
      const facts = open(collector, midnight == 'local' ? '' : midnight || '', storage == 'local');
      // Where no midnight ends a session, a day does.
      const hours = maxHours ?? (midnight === false ? 24 : 0);
      tracker.start(site + '\n' + facts, timeoutMinutes * 6e4, hours * 36e5, midnight !== false, campaign, autocapture);
      listen(tracker.feed, started);
    } catch (error) {
      tracker = 0;
      say(`the module did not start, and nothing is tracked: ${error}`);
    }
    const kept = queue;
    queue = 0;
    kept.map((one) => run(...one));
  }

  // A page that is rendered ahead may never be seen.
  if (document.prerendering) document.addEventListener('prerenderingchange', begin, { once: true });
  else begin();

  return {
    track: (name, props) => call('track', name + '', props),
    page: (props) => call('page', props),
    newSession: () => call('newSession'),
    session: () => run('session', 0, 0, []) ?? null,
    flush: () =>
      new Promise((resolve) => {
        setTimeout(resolve, FLUSH_MS);
        if (queue || tracker) call('flush', () => resolve());
        else resolve();
      }),
  };
}
