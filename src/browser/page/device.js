// What the browser says of itself: nothing that singles a visitor out.

import { report } from './facts.js';
import { attempt, toLines } from './guard.js';
import { toJson } from './json.js';
import { INPUT_DEVICE } from './layout.js';

// What machines call themselves: browsers without a screen, crawlers, previews of links, audits. (Cubot makes phones.)
const BOT = /\b(?!cubot)\w*(headless|bot\b|crawl|preview|spider|lighthouse|externalhit)/i;

let timeZone; // its name; empty while it is asked for

/**
 * Members of a JSON object. `Temporal` tells the zone at once, `Intl` takes 20 to 70 ms the first time: where there is no
 * `Temporal`, the page's first batch does without the zone.
 */
export function device() {
  timeZone ??= attempt(() => Temporal.Now.timeZoneId());
  const size = attempt(() => (screen.width > 0 ? [screen.width, screen.height] : undefined));
  const known = {
    language: navigator.language,
    time_zone: timeZone || undefined,
    screen: size,
    bot: navigator.webdriver ? 'webdriver' : BOT.exec(navigator.userAgent)?.[0].toLowerCase(),
  };
  return toLines([attempt(() => toJson(known).slice(1, -1)) ?? '']);
}

/** Asks for the zone in the dear way, if that is still to do: when a batch has left, and the page has nothing else to do. */
export function askZone() {
  if (timeZone != null) return;
  timeZone = '';
  (globalThis.requestIdleCallback ?? setTimeout)(() => {
    timeZone = attempt(() => new Intl.DateTimeFormat().resolvedOptions().timeZone) ?? '';
    report(INPUT_DEVICE, device());
  });
}
