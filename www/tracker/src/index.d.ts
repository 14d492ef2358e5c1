/**
 * Begins to track the page and returns its tracker. Call it once: a page has one tracker, and later calls, of other copies of the
 * package and of the script tag too, return the same. If they name another site, the console says so.
 *
 * It never throws. Where there is no page (on a server), against the visitor's will (see `gpc`) and without a
 * collector, it returns a tracker that does nothing.
 */
export function init(options: Options): Shopbell;

/** What a site may choose. A bad value is one sentence on the console, and the default is used. */
export interface Options {
  /**
   * URL that batches are posted to, relative to the page as it begins. Without it, nothing is tracked. With the module of another
   * format (`shopbell/snowplow`) the base URL of its target, to which the format adds the path.
   */
  collector: string;
  /** The site's name in every batch; the page's host name by default. To other formats' targets a site id, app id, write or API key. */
  site?: string;
  /** Minutes of inactivity that end a session, 1 to 1440; 30 by default. */
  timeoutMinutes?: number;
  /** Whose midnight ends a session: the visitor's (default), that of an IANA zone such as `"Europe/Paris"`, or nobody's. */
  midnight?: 'local' | 'UTC' | (string & {}) | false;
  /**
   * What ends a session where it is new: the source of a campaign (`true`, the default; a `utm_source`, or the click id of
   * a network), its source or medium, its source, medium or campaign, or nothing.
   */
  campaign?: boolean | 'medium' | 'campaign';
  /** Whether campaign parameters on links within the site count; true by default. */
  internalCampaigns?: boolean;
  /** Longest session in hours, 1 to 720; by default 24 where `midnight` is off, and no bound where it is on. */
  maxHours?: number;
  /** Whether a session ends when the last tab of the origin is gone; false by default. It needs Web Locks. */
  endOnBrowserClose?: boolean;
  /**
   * Hosts, or domains above them, that visitors pay or sign in at and come back from, beside the shipped ones; a hyphen in
   * front takes one off. A list, or a text with commas or spaces between.
   */
  gateways?: string | string[];
  /** Whether page views are counted by themselves, on load and on History and hash navigation; true by default. */
  autocapture?: boolean;
  /** `"memory"` keeps nothing in the browser: a session is as long as the page. `"local"` by default. */
  storage?: 'local' | 'memory';
  /**
   * `"pending"`: nothing is stored and nothing sent before `consent('granted')`, what happens stands in memory; `"denied"`:
   * nothing is tracked, and what was stored is erased. `"granted"` by default, and `"pending"` where a part asks a platform. With any
   * other value nothing is tracked.
   */
  consent?: Consent;
  /**
   * `"respect"` (default): nobody who sends Global Privacy Control or Do Not Track is tracked. `"cookieless"`: each of their pages is
   * a session of its own, in memory, without a device id.
   */
  gpc?: 'respect' | 'cookieless' | 'ignore';
  /** Names in a URL's query that are kept beside those of campaigns, click ids and searches: a list, or a text with commas. */
  allowQuery?: string | string[];
  /**
   * Whether e-mail addresses, phone and card numbers, user names, passwords and what else stands in queries are taken out of URLs,
   * titles, referrers and texts; true by default.
   */
  scrub?: boolean;
  /**
   * The site's say in each event, automatic ones too, in their order and before they are kept: returns the event, changed if it
   * likes, or `null` or `false` to drop it, which is counted. `name`, `url`, `title` and `props` may be changed. Where it throws, or
   * returns anything else, a promise included, the event goes as it was, and the console says so once.
   */
  beforeSend?: (event: TrackedEvent) => TrackedEvent | null | false;
  /** What only some sites want, of `shopbell/parts`. */
  parts?: ((shopbell: Shopbell) => void)[];
  /** Tells every call, and what went wrong, on the console. */
  debug?: boolean;
}

/** The page's tracker: what `init()` returns, and `window.shopbell` where the script tag is used. */
export interface Shopbell {
  /**
   * Tracks an event. The name has at most 64 bytes and is not `session_start`, which is the tracker's own; the
   * properties are an object that JSON can write, of at most 8 KiB. What cannot be tracked is counted in
   * `session().dropped`. The properties are told as they are at the moment of the call, and what one task of the page tracks
   * is in localStorage before that task ends. Calls before there is a tracker are kept, up to 250,000 characters, each with
   * its own times; if the page is left before that, they are told all the same.
   */
  track(name: EventName, props?: Props): void;
  /** Counts a view of the current page, for sites that switched `autocapture` off. */
  page(props?: Props): void;
  /**
   * Says who the visitor is to the site, until it says otherwise; `null` for nobody. Give a hash of the site's own making, never an
   * address or a number that others know. It changes no id, and is erased with the rest.
   */
  identify(userId: string | null): void;
  /**
   * What the visitor wants. A grant begins the tracker, which is told what has happened on the page since it was pending; a
   * denial drops that, or erases what is stored, in every tab. A later grant is a new device's.
   */
  consent(state: Consent): void;
  /** Erases the device, in every tab, and tracks nothing more on this page unless consent is granted anew. */
  forget(): void;
  /**
   * Whether the visitor opted out on this site, which is remembered; `true` and `false` change that. The part `optOut` makes a control
   * of it.
   */
  optOut(isOut?: boolean): boolean;
  /** The session as it is now; null before the module is ready, and where nothing is tracked. Looking is no activity. */
  session(): Session | null;
  /** Ends the session and begins another, once a second at most. */
  newSession(): void;
  /**
   * Tells that the visitor is about to pay at another site: until the purchase, or an arrival by a message or an ad, an hour
   * at most, nothing but `newSession()` ends the session.
   */
  checkoutPending(): void;
  /**
   * Sends what waits; settles when that is answered or has failed, after ten seconds at the latest. A collector that has
   * just failed is not asked again before its time.
   */
  flush(): Promise<void>;
}

/** The visitor's answer: not given yet, yes, no. */
export type Consent = 'pending' | 'granted' | 'denied';

/** An event as `beforeSend` sees it. The time is in Unix milliseconds. */
export interface TrackedEvent {
  name: string;
  time: number;
  url: string;
  title: string;
  props: Props;
}

/** Names that have a meaning here, after GA4's commerce events; any other is the site's own. */
export type EventName =
  | 'view_item_list'
  | 'view_item'
  | 'add_to_cart'
  | 'remove_from_cart'
  | 'view_cart'
  | 'begin_checkout'
  | 'add_shipping_info'
  | 'add_payment_info'
  | 'purchase'
  | 'refund'
  | (string & {});

/**
 * Properties of an event. Of a `purchase`, `transaction_id`, `value` and `currency` (ISO 4217) enter the session's
 * totals; the latest order counts once, however often its page is loaded in the session.
 */
export interface Props {
  transaction_id?: string | number;
  value?: number | string;
  currency?: string;
  items?: Item[];
  [name: string]: unknown;
}

/** A product in an event, after GA4. */
export interface Item {
  item_id?: string;
  item_name?: string;
  item_category?: string;
  price?: number;
  quantity?: number;
  [name: string]: unknown;
}

/** Why a session began. */
export type Reason = 'first' | 'inactivity' | 'midnight' | 'campaign' | 'max_length' | 'browser_close' | 'manual';

/** How far along the way to an order a session came. */
export type FunnelStep =
  | 'visit'
  | 'view_item'
  | 'add_to_cart'
  | 'begin_checkout'
  | 'add_shipping_info'
  | 'add_payment_info'
  | 'purchase';

/** A session, named as in the batches that collectors get. Times are Unix milliseconds; a text that is unknown is absent. */
export interface Session {
  id: string;
  device_id: string;
  /** The device's session before this one. */
  previous_id?: string;
  /** 1 for the device's first session. */
  number: number;
  reason: Reason;
  started_at: number;
  /** When it ends by inactivity if nothing more happens. */
  expires_at: number;
  /** Path of its first page. */
  landing_page: string;
  source: Source;
  /** Where the device's first session came from. */
  first_touch: Source;
  /** The latest source that was not direct, this session's own included. */
  last_non_direct?: Source;
  totals: Totals;
  /** What the site calls the visitor. */
  user_id?: string;
  /** `memory` where storage is switched off, blocked or full. */
  storage: 'local' | 'memory';
  /** Events that wait for the collector's answer. */
  waiting: number;
  /** Events of this page that the collector has acknowledged. */
  sent: number;
  /** Batches of this page that were tried again. */
  retried: number;
  /**
   * Events of this page that will never be delivered: refused by the collector, over the limits, too old, or what no
   * event can be. Each batch tells how many for which reason.
   */
  dropped: number;
}

/** Where a session came from. */
export interface Source {
  /** `utm_source`, else the network of a click id, else `ref` or `source`, else the referrer's host, else `(direct)`. */
  source: string;
  medium?: string;
  campaign?: string;
  term?: string;
  content?: string;
  /** `utm_id`. */
  campaign_id?: string;
  /** Name of the click id, such as `gclid`; never its value. */
  click_id?: string;
  /** Origin and path of the page that linked here, if it was another site's. */
  referrer?: string;
}

/** What a session adds up to. */
export interface Totals {
  page_views: number;
  /** All events, `session_start` and page views included. */
  events: number;
  transactions: number;
  /** Value of the orders in `currency`. */
  revenue: number;
  /** Currency of the first order. */
  currency?: string;
  /** Its latest activity. */
  last_activity_at: number;
  funnel_step: FunnelStep;
}

declare global {
  interface Window {
    /** There once the script tag's script has run, or from the start with the inline stub. */
    shopbell: Shopbell;
  }
}
