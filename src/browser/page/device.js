// What the browser says of itself: nothing that singles a visitor out.

import { report } from './facts.js';
import { attempt, toLines } from './guard.js';
import { toJson } from './json.js';
import { INPUT_DEVICE } from './layout.js';
import { read, store, ZONE_KEY } from './storage.js';

let timeZone;
let isAsked;

/**
 * The zone's name, by the cheap way: `Intl` takes 20 to 70 ms to tell it the first time, `Temporal` none. Where there is no
 * `Temporal`, it is the name that was stored while the device had the same two offsets from UTC, in January and in July.
 */
function findZone() {
  const [offsets, known] = read(ZONE_KEY).split(' ');
  timeZone = attempt(() => Temporal.Now.timeZoneId()) ?? (offsets == offsetsNow() ? known : undefined);
}

const offsetsNow = () => [0, 6].map((month) => new Date(new Date().getFullYear(), month).getTimezoneOffset()).join();

/** Members of a JSON object. */
export function device() {
  if (!timeZone) attempt(findZone);
  const size = attempt(() => (screen.width > 0 ? [screen.width, screen.height] : undefined));
  const known = {
    language: navigator.language,
    time_zone: timeZone,
    screen: size,
    bot: navigator.webdriver ? 'webdriver' : undefined,
  };
  return toLines([attempt(() => toJson(known).slice(1, -1)) ?? '']);
}

/** Asks for the zone in the dear way, if that is still to do: when a batch has left, and the page has nothing else to do. */
export function askZone() {
  if (timeZone || isAsked) return;
  isAsked = true;
  (globalThis.requestIdleCallback ?? setTimeout)(() => {
    timeZone = attempt(() => new Intl.DateTimeFormat().resolvedOptions().timeZone);
    if (timeZone) store(ZONE_KEY, `${offsetsNow()} ${timeZone}`);
    report(INPUT_DEVICE, device());
  });
}
