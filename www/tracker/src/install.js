// What both classic scripts do: options from the tag, facts from the stub, the handle on window.

import { start } from './handle.js';
import { readTag } from './options.js';
import { findTag } from './tag.js';

export function install(load) {
  const earlier = /** @type {any} */ (window.shopbell);
  // A second tag must not count everything twice; an element with this id is no tracker.
  if (earlier?.track && !earlier.facts) return;
  window.shopbell = start(readTag(findTag()), load, earlier?.facts);
}
