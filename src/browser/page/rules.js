// What the site chose, as the tracker is told it.

import { PATH } from './format.js';
import { toLines } from './guard.js';
import {
  START_CAMPAIGN,
  START_CHANCE,
  START_DEVICE,
  START_FETCHES_LATER,
  START_MAX_MS,
  START_MIDNIGHT,
  START_NEXT_SEQ,
  START_REVIEWS,
  START_SEED,
  START_SITE,
  START_TAB_ID,
  START_TIMEOUT_MS,
} from './layout.js';

/** The site's choices. */
export let chosen = {};

/**
 * The site's choices, checked: `collector` (whose URL means what it means on the page as it began, and gets the format's path), `site`, `timeoutMinutes`, `maxHours` (or nothing), `midnight`, `campaign` (`true`,
 * `false`, `"medium"` or `"campaign"`), `autocapture`, `storage`, `gateways`, `internalCampaigns`, `endOnBrowserClose`, `consent`, `allowQuery`, `scrub`, `beforeSend`.
 */
export const useRules = (options) => {
  const url = new URL(options.collector, document.baseURI);
  chosen = { consent: 'granted', ...options, collector: PATH ? url.href.replace(/\/*$/, PATH) : url.href };
};

/** The lines that a tracker of this site begins with. */
export function startLines({ tabId, seq, chance, seed, device }) {
  const { site, midnight, timeoutMinutes, maxHours, campaign } = chosen;
  // Where no midnight ends a session, a day does.
  const hours = maxHours ?? (midnight === false ? 24 : 0);
  return toLines({
    [START_TIMEOUT_MS]: Math.floor(timeoutMinutes * 6e4),
    [START_MAX_MS]: Math.floor(hours * 36e5),
    [START_MIDNIGHT]: midnight === false ? 0 : 1,
    [START_CAMPAIGN]: [false, true, 'medium', 'campaign'].indexOf(campaign),
    [START_SITE]: site,
    [START_TAB_ID]: tabId,
    [START_NEXT_SEQ]: seq,
    [START_CHANCE]: chance,
    [START_SEED]: seed,
    [START_DEVICE]: device,
    [START_REVIEWS]: chosen.beforeSend ? 1 : 0,
    [START_FETCHES_LATER]: globalThis.fetchLater ? 1 : 0,
  });
}
