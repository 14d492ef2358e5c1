import type { Shopbell } from './index.js';

/** What only some sites want: given to `init()` in its option `parts`. */
export type Part = (shopbell: Shopbell) => void;

/**
 * With the inline stub, the tag of a site whose parts ask for consent says `data-consent="pending"` too: the stub knows no parts.
 *
 * Consent by the IAB Transparency and Consent Framework 2.2 (`__tcfapi`): granted with consent for all `purposes` (1, to store, and
 * 8, to measure content, by default) and, if it is named, for the `vendor` of that number; where the law does not apply too. Until
 * the visitor has answered, consent is pending. A platform may come up to a minute later than the tracker.
 */
export function tcf(options?: { purposes?: number[]; vendor?: number }): Part;

/**
 * Consent by the `analytics_storage` of Google's consent mode 2 (`gtag('consent', 'default' | 'update', …)`). An update decides;
 * before one, a default that grants does, and one that denies leaves consent pending: the visitor has not answered. Defaults for
 * regions count for everybody, as a page does not know where its visitor is. `dataLayer` names another queue than that.
 */
export function googleConsent(options?: { dataLayer?: string }): Part;

/**
 * A checkbox in front of the text of each `<label data-shopbell-opt-out>`. Checked, nothing of this visitor is tracked on this site,
 * nothing is left of what was, and that alone is remembered (`shopbellOff` in localStorage).
 */
export function optOut(): Part;
