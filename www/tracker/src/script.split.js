// The classic script that fetches shopbell.wasm from where it came from itself.

import { parts } from './all-parts.js';
import { install } from './install.js';
import { fromBytes } from './load.js';
import { findTag } from './tag.js';

const { src } = /** @type {any} */ (findTag() ?? {});
const load = async () => {
  const response = await fetch(new URL('shopbell.wasm', src));
  // Some site builders copy a script elsewhere, and not what stands beside it.
  if (!response.ok) throw `${response.url} is answered with ${response.status}`;
  return fromBytes(await response.arrayBuffer());
};

install(load, parts);
