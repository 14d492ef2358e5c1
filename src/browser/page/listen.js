// What the page is listened to for, and the timer.

import { arrive, changed } from './arrivals.js';
import { uptime } from './clock.js';
import { add, afterwards, isStarted, report, settle } from './facts.js';
import { attempt, later } from './guard.js';
import {
  INPUT_ACTIVITY,
  INPUT_HIDDEN,
  INPUT_LEFT,
  INPUT_RETURNED,
  INPUT_TIMER_FIRED,
  NAVIGATION_BACK_FORWARD,
  NAVIGATION_SPA,
} from './layout.js';
import { giveUpRequests, hasLeft, leave } from './send.js';
import { isAllStored } from './storage.js';
import { claim, leaveTabs, stay } from './tabs.js';

const ACTIVITY_MS = 1000; // trusted input is sampled at most this often
const KEPT_MS = 30_000; // and before there is a tracker at most so often
const SCROLL_MS = 3000; // what scrolls later than so after the visitor moved is the page itself, whose events are trusted too

let timer;

/** The timer is to fire in so many milliseconds; not at all if they are negative. */
export function wake(waitMs) {
  clearTimeout(timer);
  timer = waitMs >= 0 && later(() => report(INPUT_TIMER_FIRED), waitMs);
}

/** An action that is done the first time alone. */
const once = (action) => {
  let isDone;
  return () => {
    if (!isDone) action();
    isDone = true;
  };
};

const LISTENING = { capture: true, passive: true };
const on = (target, names, listener) => {
  for (const name of names) target.addEventListener(name, (event) => attempt(() => listener(event)), LISTENING);
};

/** The page is left: what it has goes out, and what its tab's next page needs stays. */
function onLeaving() {
  attempt(() => {
    leave(true);
    report(INPUT_LEFT);
    leaveTabs();
  });
}

/** Listens for that, once, however often it is called: a page that is written anew (`document.open`) has no listeners. */
export const listenForLeaving = () => addEventListener('pagehide', onLeaving, LISTENING);
afterwards.push(listenForLeaving);

/** Listens to what the visitor does. */
export const listenForActivity = once(() => {
  let sampled = -SCROLL_MS;
  let moved = sampled;
  on(window, ['pointerdown', 'keydown', 'wheel', 'touchmove', 'scroll'], ({ isTrusted, type }) => {
    if (!isTrusted) return;
    const at = uptime();
    if (type != 'scroll') moved = at;
    if (at - sampled >= (isStarted ? ACTIVITY_MS : KEPT_MS) && at - moved < SCROLL_MS) {
      sampled = at;
      stay();
      report(INPUT_ACTIVITY);
    }
  });
});

/** Listens to the page from here on. */
export const listen = once(() => {
  on(document, ['visibilitychange'], () => {
    // Of a page that it kept, WebKit tells this before it is back.
    if (hasLeft) return;
    if (document.hidden) report(INPUT_HIDDEN);
    // A tab that comes into view looks for what others have left.
    else claim();
  });
  // WebKit tells a page that is left before it is loaded nothing more. What follows may also be no leaving at all.
  on(window, ['beforeunload'], () => (document.readyState == 'complete' ? leaveTabs() : onLeaving()));
  on(window, ['pageshow'], (event) => {
    if (!event.persisted) return;
    claim();
    if (isAllStored()) add(INPUT_RETURNED);
    giveUpRequests();
    arrive(NAVIGATION_BACK_FORWARD);
    settle();
  });
  listenForRoutes();
});

/** A browser that has the Navigation API tells of every route; in others the page's own History is asked. */
export const listenForRoutes = once(() => {
  if (globalThis.navigation?.currentEntry) {
    on(navigation, ['currententrychange'], ({ navigationType }) =>
      changed(navigationType == 'traverse' ? NAVIGATION_BACK_FORWARD : NAVIGATION_SPA),
    );
    return;
  }
  for (const name of ['pushState', 'replaceState'])
    attempt(() => {
      const original = history[name];
      history[name] = function (...all) {
        const result = original.apply(this, all);
        changed(NAVIGATION_SPA);
        return result;
      };
    });
  on(window, ['popstate', 'hashchange'], ({ type }) =>
    changed(type == 'popstate' ? NAVIGATION_BACK_FORWARD : NAVIGATION_SPA),
  );
});
