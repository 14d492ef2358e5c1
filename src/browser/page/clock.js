// Both clocks, and which day it is.

import { attempt } from './guard.js';

const DAY_MS = 864e5;
const QUARTER_MS = 9e5;

/** Monotonic time in milliseconds; a page may have something else under the name of `performance`. */
export const uptime = () => window.performance?.now?.() ?? Date.now();

/**
 * Wall and monotonic time, in milliseconds.
 * @returns {[number, number]}
 */
export const now = () => [Date.now(), uptime()];

/**
 * Writes dates in a zone. Swedish ones are ISO 8601; there is none for a zone that the browser does not know. The first of
 * them takes a browser 20 to 70 ms, so it is made only where the site names a zone.
 */
export const calendar = (timeZone) => attempt(() => new Intl.DateTimeFormat('sv', { timeZone }));

/** Days since 1970-01-01: in `UTC`, by a calendar, or where the device is. */
export function day(wall, zone) {
  const date = new Date(wall);
  if (zone == 'UTC') return Math.floor(wall / DAY_MS);
  return (
    (zone ? Date.parse(zone.format(date)) : Date.UTC(date.getFullYear(), date.getMonth(), date.getDate())) / DAY_MS
  );
}

let zone;
let quarter;
let dayThen;

/** The zone of the midnight rule, as the site names it. */
export function useZone(midnight) {
  if (midnight == 'UTC') zone = midnight;
  else if (midnight && midnight != 'local') zone = calendar(midnight);
}

/** The day at a time, in the zone of the midnight rule. No zone changes its day but at a quarter of an hour. */
export function dayAt(wall) {
  const now = Math.floor(wall / QUARTER_MS);
  if (now != quarter) [quarter, dayThen] = [now, day(wall, zone)];
  return dayThen;
}
