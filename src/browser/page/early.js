// Pages that were left before they had a tracker: the facts that they kept, given to the module as if it had been there.

import { arrival, kindOf } from './arrivals.js';
import { give, toCalls, toInput } from './facts.js';
import { attempt } from './guard.js';
import { INPUT_EARLY, INPUT_NAVIGATED } from './layout.js';
import { startLines } from './rules.js';
import { EARLY_KEY, isAllStored, KEY, read, store, take } from './storage.js';

/**
 * Replays the early pages that are stored, each in a tracker of its own, which stores what it finds: it is then taken over
 * like what any tab has left.
 */
export function replayEarly() {
  const text = take(EARLY_KEY);
  let before;
  for (const line of text.split('\n')) {
    attempt(() => {
      const page = JSON.parse(line);
      const { type, began, left, chance, record = '' } = page;
      // What the page before has made of the same record is what this one found.
      const stood = record === before ? read(KEY) : record;
      before = record;
      const lines = `${startLines({ tabId: '', seq: 0, chance, seed: chance, device: '' })}\n${stood}`;
      give(read(KEY), [
        toInput(INPUT_EARLY, lines, left),
        toInput(INPUT_NAVIGATED, arrival({ ...page, kind: kindOf(type), seq: 0 }), began),
        ...toCalls(page),
      ]);
    });
  }
  // What could not be stored is still there for the next page.
  if (text && !isAllStored()) store(EARLY_KEY, text);
}
