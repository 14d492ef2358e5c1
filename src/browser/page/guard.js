// What the page may break does no harm.

/**
 * Runs an action. What it throws is nothing to the page.
 * @param {() => any} action
 * @param {((error: any) => void) | false} [onError]
 */
export function attempt(action, onError) {
  try {
    return action();
  } catch (error) {
    if (onError) onError(error);
  }
}

/** A sentence for whoever looks after the page. */
export const say = (sentence) => console.warn(`shopbell: ${sentence}`);

/** Runs an action after this turn of the page, whatever the page has made of its timers. */
export async function soon(action) {
  await 0;
  attempt(action);
}

/** What ends requests and waits; nothing where a page has made an end of that. */
export const newAborter = () => attempt(() => new AbortController());

/** Runs an action after so many milliseconds. */
export const later = (action, waitMs) => attempt(() => setTimeout(() => attempt(action), waitMs));

/** A text in one line of bounded length, without control characters: a line break would shift the lines behind it. */
export const clean = (text, most = 256) =>
  `${text}`
    .replace(/[\s\x00-\x1f\x7f-\x9f]+/g, ' ')
    .trim()
    .slice(0, most);

/** Lines in the order of their indices. A value with a line break in it would shift what follows. */
export const toLines = (lines) =>
  Object.values(lines)
    .map((line) => `${line}`.replace(/[\0-\x1f]/g, ' '))
    .join('\n');
