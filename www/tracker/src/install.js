// What both classic scripts do: options from the tag, facts from the stub, the handle on window.

import { start } from './handle.js';
import { readTag } from './options.js';
import { findTag } from './tag.js';

export function install(load) {
  // An element with this id is no stub.
  const { facts } = /** @type {any} */ (window.shopbell ?? {});
  window.shopbell = start(readTag(findTag()), load, facts);
}
