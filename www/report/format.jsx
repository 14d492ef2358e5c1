// Numbers, times and names as the reader writes them.

import { useState } from 'preact/hooks';

const language = navigator.language;
const CHARS = 60; // longest name that is shown whole
const ENDS = [34, 22]; // of a longer one

const formats = new Map();
/** A format of `Intl`, made once. */
function format(kind, options) {
  const key = `${kind.name} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new kind(language, options));
  return formats.get(key);
}

export const count = (number) => format(Intl.NumberFormat, {}).format(number);
export const decimal = (number) =>
  format(Intl.NumberFormat, { maximumFractionDigits: 1, minimumFractionDigits: 1 }).format(number);
export const percent = (part) => format(Intl.NumberFormat, { style: 'percent', maximumFractionDigits: 1 }).format(part);
export const change = (part) =>
  format(Intl.NumberFormat, { style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' }).format(part);

/** An amount; where its currency is none that the browser knows, with whatever letters it has. */
export function money(value, currency, options = {}) {
  try {
    return format(Intl.NumberFormat, { ...options, style: 'currency', currency }).format(value);
  } catch {
    return [decimal(value), currency].filter(Boolean).join(' ');
  }
}

/** How long something took. */
export function span(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  return `${Math.floor(seconds / 3600)}h ${Math.floor(seconds / 60) % 60}m`;
}

/** Times of a zone: some are beyond what a date can be. */
export function time(ms, zone, options) {
  try {
    return format(Intl.DateTimeFormat, { timeZone: zone, ...options }).format(ms);
  } catch {
    return '–';
  }
}

export const moment = (ms, zone) =>
  time(ms, zone, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
export const clock = (ms, zone) => time(ms, zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** A name of the data's, such as `add_to_cart`, in words. */
export const words = (name) => name.replaceAll('_', ' ');

/** What stands for no name. */
export const NONE = '(none)';

/** A text that is cut in its middle where it is long. */
export function cut(text) {
  const letters = [...text];
  return letters.length > CHARS ? `${letters.slice(0, ENDS[0]).join('')}…${letters.slice(-ENDS[1]).join('')}` : text;
}

/**
 * The same, with the whole of it on request, and by itself: letters that turn the direction of writing turn nothing beside it.
 * `children` makes something else of what is shown, a link say.
 */
export function Name({ text, children = (shown) => shown }) {
  const [isWhole, setIsWhole] = useState(false);
  const shown = text === '' ? NONE : cut(text);
  if (shown === text || text === '') return <bdi>{children(shown)}</bdi>;
  return (
    <>
      <bdi>{children(isWhole ? text : shown)}</bdi>{' '}
      <button type="button" class="whole" aria-expanded={isWhole} onClick={() => setIsWhole(!isWhole)}>
        {isWhole ? 'less' : 'whole'}
      </button>
    </>
  );
}
