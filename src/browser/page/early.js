// Pages that were left before they had a tracker: the facts that they kept, given to the module as if it had been there.

import { arrival, kindOf, viewKind } from './arrivals.js';
import { give, toCalls, toInput } from './facts.js';
import { attempt } from './guard.js';
import { INPUT_EARLY, INPUT_EARLY_PAGE, INPUT_HIDDEN } from './layout.js';
import { startLines } from './rules.js';
import { EARLY_KEY, isAllStored, KEY, read, store, take } from './storage.js';

/**
 * Replays the early pages that are stored, in a tracker of their own, which stores what it finds: it is then taken over like
 * what any tab has left. Pages that found the same record are one chain, as each goes on with what the one before has made of
 * it.
 */
export function replayEarly() {
  const text = take(EARLY_KEY);
  const chains = [];
  // Libraries of a page may indent its JSON.
  for (const json of text ? text.split(/\n(?={)/) : []) {
    attempt(() => {
      const page = JSON.parse(json);
      const { type, began, left, chance, record = '' } = page;
      const view = toInput(viewKind(), arrival({ ...page, kind: kindOf(type), seq: 0 }), began);
      const calls = toCalls(page);
      if (chains.at(-1)?.record !== record) {
        const start = `${startLines({ tabId: '', seq: 0, chance, seed: chance, device: '' })}\n${record}`;
        chains.push({ record, inputs: [toInput(INPUT_EARLY, start, began)] });
      }
      const chain = chains.at(-1);
      chain.left = toInput(INPUT_HIDDEN, '', left);
      chain.inputs.push(toInput(INPUT_EARLY_PAGE, chance, began), view, ...calls);
    });
  }
  for (const { inputs, left } of chains) give(read(KEY), [...inputs, left]);
  // What could not be stored is still there for the next page.
  if (!isAllStored()) store(EARLY_KEY, text);
}
