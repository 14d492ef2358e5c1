// How a page begins: what its address, its referrer and the browser say of that.

import { now } from './clock.js';

/** The page as it stands. */
export const pageNow = () => ({
  url: location.href,
  referrer: document.referrer,
  type: performance.getEntriesByType('navigation')[0]?.type,
  began: now(),
});

/** Settles once the page is shown: one that is rendered ahead may never be. */
export async function whenShown() {
  if (document.prerendering) {
    await new Promise((resolve) => document.addEventListener('prerenderingchange', resolve, { once: true }));
  }
}
