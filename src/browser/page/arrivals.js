// Where the visitor is, and came from.

import { now } from './clock.js';
import { add, defer, nextSeq } from './facts.js';
import { attempt, clean, toLines } from './guard.js';
import {
  GATEWAYS,
  INPUT_NAVIGATED,
  INPUT_SHOWN,
  LANDING_IS_MESSAGE,
  LANDING_IS_RETURN,
  LANDING_PARAMETERS,
  LANDING_REFERRER,
  LANDING_REFERRER_NAME,
  LANDING_UTM_CAMPAIGN,
  LANDING_UTM_CONTENT,
  LANDING_UTM_ID,
  LANDING_UTM_MEDIUM,
  LANDING_UTM_SOURCE,
  LANDING_UTM_TERM,
  NAVIGATED_BROWSER_CLOSED,
  NAVIGATED_KIND,
  NAVIGATED_NEXT_SEQ,
  NAVIGATED_PATH,
  NAVIGATED_TITLE,
  NAVIGATED_URL,
  NAVIGATION_BACK_FORWARD,
  NAVIGATION_LOAD,
  NAVIGATION_RELOAD,
  NAVIGATION_SPA,
  URL_UNITS_MAX,
} from './layout.js';
import { chosen } from './rules.js';
import { scrub } from './scrub.js';

const NO_URL = 'none:';

let page; // the page in view, by its URL

/** The part of a URL whose change makes another page: all but a fragment that is no path (#/… or #!…). */
export const pageOf = (url) => url.replace(/#(?![/!]).*/, '');

/** The path of a page; a router may have put it into the fragment. */
const pathOf = ({ pathname, hash }) => pathname + (/^#[/!][^?]*/.exec(hash) ?? '');

/** How the document was reached. */
export const kindOf = (type) =>
  type == 'reload' ? NAVIGATION_RELOAD : type == 'back_forward' ? NAVIGATION_BACK_FORWARD : NAVIGATION_LOAD;

/** The kind of input that a page which came into view is. */
export const viewKind = () => (chosen.autocapture ? INPUT_NAVIGATED : INPUT_SHOWN);

/** A page that came into view, as lines. */
export function arrival({ kind, url, referrer, title, wasClosed = 0, isFirst = false, seq = nextSeq }) {
  const shown = scrub(`${url}`);
  const path = attempt(() => pathOf(new URL(shown))) ?? '';
  return `${toLines({
    [NAVIGATED_KIND]: kind,
    [NAVIGATED_BROWSER_CLOSED]: wasClosed ? 1 : 0,
    // Another page of this tab may have gone on counting while this one was kept for back and forward.
    [NAVIGATED_NEXT_SEQ]: seq,
    [NAVIGATED_URL]: clean(shown, URL_UNITS_MAX),
    [NAVIGATED_PATH]: clean(path, URL_UNITS_MAX),
    [NAVIGATED_TITLE]: clean(scrub(`${title}`)),
  })}\n${toLines(landing(url, referrer, { ...chosen, isFirst }))}`;
}

/**
 * Reports the page in view; on a route change, where the visitor came from is the page itself.
 * @param {number} kind
 * @param {[number, number]} [at]
 */
export function arrive(kind, at) {
  const url = location.href;
  page = pageOf(url);
  const referrer = kind == NAVIGATION_SPA ? url : document.referrer;
  add(viewKind(), arrival({ kind, url, referrer, title: document.title }), at);
}

/** From here on the page in view is one of the URL that it has: that is reported as the tracker begins. */
export const see = () => (page = pageOf(location.href));

/** The URL may have changed: if that makes another page, it is reported once it is complete, as routers set titles last. */
export function changed(kind) {
  const at = now();
  const hasMoved = () => pageOf(location.href) != page;
  // A route that is left again within its task was never seen.
  if (hasMoved()) defer(() => hasMoved() && arrive(kind, at));
}

/**
 * What a page's URL and referrer say of how its visitor came, by the lines of `landing`. Parameters may stand in the
 * fragment too. Any text will do: what cannot be read is as if it were not there.
 */
export function landing(url, referrer, { gateways = '', internalCampaigns = true, isFirst }) {
  const read = (text) => attempt(() => new URL(text || NO_URL)) ?? new URL(NO_URL);
  const bare = ({ hostname }) => hostname.replace(/^www\./, '');
  const isAt = (host, domain) => `.${host}`.endsWith(`.${domain}`);
  const [own, from] = [url, referrer].map(read);
  const [here, there] = [own, from].map(bare);
  const hosts = `${GATEWAYS} ${gateways}`
    .toLowerCase()
    .replaceAll('www.', '')
    .match(/[^\s,/]+/g);
  const isReturn = there && hosts.some((host) => isAt(there, host) && !hosts.includes(`-${host}`));
  // A frame without an address of its own is its parent's.
  const isOwn = !here || isAt(here, there) || isAt(there, here);
  const counts = !isReturn && (!isOwn || internalCampaigns);
  // Where nothing was stored yet, the page before this one was without consent: it may have been the landing page.
  const before = isFirst && isOwn ? from.search.replace('?', '&') : '';
  const search = own.search + own.hash.replace(/^#([^?]*\?)?/, '&') + before;
  const query = new URLSearchParams(counts ? search : '');
  // Mailers and shop systems escape an ampersand once too often.
  const values = [...query]
    .map(([name, value]) => [name.replace(/^(amp;|#?0*38;)+/, ''), clean(scrub(value))])
    .filter(([, value]) => value);
  const first = (...names) => values.find(([name]) => names.includes(name))?.[1] ?? '';
  const utm = (name) => first(`utm_${name}`);
  const source = utm('source').toLowerCase();
  const medium = utm('medium').toLowerCase();
  const isForeign = there && !isOwn && !isReturn;
  return {
    [LANDING_UTM_SOURCE]: source,
    [LANDING_UTM_MEDIUM]: medium,
    [LANDING_UTM_CAMPAIGN]: utm('campaign'),
    [LANDING_UTM_TERM]: utm('term'),
    [LANDING_UTM_CONTENT]: utm('content'),
    [LANDING_UTM_ID]: utm('id'),
    [LANDING_PARAMETERS]: values.map(([name]) => (/^\w+$/.test(name) ? `${name} ` : '')).join(''),
    [LANDING_REFERRER]: isForeign ? clean(scrub(`${from.protocol}//${from.host}${from.pathname}`)) : '',
    [LANDING_REFERRER_NAME]: (!isOwn && first('ref', 'source').toLowerCase()) || (isForeign ? there : ''),
    [LANDING_IS_RETURN]: isReturn || '',
    [LANDING_IS_MESSAGE]: /mail|newsl|sms|push/.test(source + medium) || '',
  };
}
