// How a page begins: what its address, its referrer and the browser say of that.

import { now } from './clock.js';

/** The page as it stands. */
export const pageNow = () => ({
  began: now(),
  referrer: document.referrer,
  type: window.performance?.getEntriesByType?.('navigation')[0]?.type,
  url: location.href,
});

/** Settles with the next event of a name. */
export const next = (target, name) => new Promise((resolve) => target.addEventListener(name, resolve, { once: true }));

/** Settles once the page is shown, with whether it was rendered ahead: such a page may never be. */
export const whenShown = async () => document.prerendering && next(document, 'prerenderingchange');
