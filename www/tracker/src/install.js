// What all classic scripts do: options from the tag, facts from the stub, the handle on window.

import { say } from 'shopbell-page/guard.js';
import { start } from './handle.js';
import { readTag } from './options.js';
import { findTag } from './tag.js';

export function install(load, parts = { __proto__: null }) {
  // An element with this id is no stub.
  const { facts } = /** @type {any} */ (window.shopbell ?? {});
  const options = readTag(findTag());
  options.parts = [];
  for (const name of `${options.capture ?? ''}`.match(/[^\s,]+/g) ?? [])
    if (parts[name]) options.parts.push(parts[name]());
    else say(`there is no part ${name} here; accepted are ${Object.keys(parts).join(', ')}.`);
  window.shopbell = start(options, load, facts);
}
