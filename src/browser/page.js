// The small JavaScript half of listeners.rs. It tells what happens as
// signal(kind, wall, uptime, a, b, detail); the kinds are numbered there.

const ACTIVITY = 0, NAVIGATED = 1, HIDDEN = 2, LEFT = 3, RETURNED = 4, ANSWERED = 5, TABS = 6;
const SPA = 3, BACK_FORWARD = 2;
const ACTIVITY_MS = 1000; // trusted input is sampled at most this often
const REQUEST_MS = 29000; // below the tracker's own limit, so that a late request is over before the next

let signal;
let pending; // a route change that is still to be told: [kind, wall, uptime]
let release; // gives the tab's lock back

const tell = (kind, a, b, detail) => signal(kind, Date.now(), performance.now(), a, b, detail);

/** Tells a route change in the turn it was made in, once it is complete: routers set the title after the URL. */
export function settle() {
  if (pending) {
    const [kind, wall, uptime] = pending;
    pending = 0;
    signal(NAVIGATED, wall, uptime, kind);
  }
}

function changed(kind) {
  if (!pending) queueMicrotask(settle);
  pending = [kind, Date.now(), performance.now()];
}

export function listen(tracker) {
  signal = tracker;
  const on = (target, names, listener) =>
    names.map((name) => target.addEventListener(name, listener, { capture: true, passive: true }));

  let sampled = -ACTIVITY_MS;
  on(window, ['pointerdown', 'keydown', 'touchstart', 'wheel', 'scroll'], (event) => {
    if (event.isTrusted && performance.now() - sampled >= ACTIVITY_MS) {
      sampled = performance.now();
      tell(ACTIVITY);
    }
  });
  on(document, ['visibilitychange'], () => document.visibilityState == 'hidden' && tell(HIDDEN));
  on(window, ['pagehide'], () => {
    tell(LEFT);
    // A page that holds a lock is not kept for back and forward.
    release?.();
  });
  on(window, ['pageshow'], (event) => event.persisted && tell(RETURNED));

  for (const name of ['pushState', 'replaceState']) {
    const original = history[name];
    history[name] = function () {
      const result = original.apply(this, arguments);
      changed(SPA);
      return result;
    };
  }
  on(window, ['popstate'], () => changed(BACK_FORWARD));
  on(window, ['hashchange'], () => changed(SPA));
}

/** Holds the tab's lock while the page lives, and tells which tabs live: whose lock is held. */
export function claim(tabId) {
  const prefix = 'shopbell.';
  const locks = navigator.locks;
  if (!locks) return setTimeout(tell, 0, TABS, 0, 0, '');
  const quiet = () => {};
  locks.request(prefix + tabId, () => new Promise((resolve) => (release = resolve))).catch(quiet);
  locks.query().then(({ held }) => {
    tell(TABS, 0, 0, held.map(({ name }) => name.slice(prefix.length)).join(' '));
  }, quiet);
}

/** How this document was reached: 0 load, 1 reload, 2 back or forward. */
export function kind() {
  return ['navigate', 'reload', 'back_forward'].indexOf(performance.getEntriesByType('navigation')[0]?.type);
}

export const random = () => crypto.getRandomValues(new Uint32Array(1))[0];

export const time_zone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone || '';

export const is_automated = () => !!navigator.webdriver;

/** Days since 1970-01-01 at `wall` in an IANA zone; the device's zone for '' and for one that is not known. */
export function day(zone, wall) {
  const date = new Date(wall);
  try {
    // Swedish dates are ISO 8601.
    if (zone) return Date.parse(date.toLocaleDateString('sv', { timeZone: zone })) / 864e5;
  } catch {}
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 864e5;
}

/** What of a purchase's properties makes an order; nothing where reading them throws. */
export function order(props) {
  try {
    const { transaction_id: id = '', value, currency = '' } = props;
    return { id: id + '', value: +value || 0, currency: currency + '' };
  } catch {}
}

export function send(url, body, batch) {
  const answer = (status, retryAfterMs) => tell(ANSWERED, batch, status, retryAfterMs);
  try {
    fetch(url, { method: 'POST', body, keepalive: true, credentials: 'omit', signal: AbortSignal.timeout(REQUEST_MS) }).then(
      async (response) => {
        // A body left unread would keep the page's keepalive quota.
        await response.text().catch(() => {});
        const after = response.headers.get('retry-after');
        answer(response.status, after ? (isNaN(after) ? Date.parse(after) - Date.now() : after * 1000) : undefined);
      },
      () => answer(0),
    );
  } catch {
    setTimeout(answer, 0, 0);
  }
}
