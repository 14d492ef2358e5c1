// What both classic scripts do: options from the tag, calls from the stub, the handle on window.

import { start } from './face.js';
import { read } from './options.js';

export function install(load) {
  const stub = window.shopbell;
  // A second tag must not count everything twice.
  if (stub && !stub.q) return;
  window.shopbell = start(read(document.currentScript.dataset), load, stub?.q);
}
