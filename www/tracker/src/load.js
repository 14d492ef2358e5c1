// The module, from its bytes. The glue is what wasm-bindgen made for bundlers; instantiating is ours.

import { __wbg_set_wasm, feed } from 'shopbell-glue';
import { imports } from 'shopbell-imports';

/** Instantiates the module beside the page's own work, and gives the way into it. */
export async function fromBytes(bytes) {
  const { instance } = await WebAssembly.instantiate(bytes, imports);
  __wbg_set_wasm(instance.exports);
  return feed;
}
