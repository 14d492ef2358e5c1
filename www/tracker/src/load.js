// The module, from its bytes. The glue is what wasm-bindgen made for bundlers; instantiating is ours.

import { __wbg_set_wasm, feed } from 'shopbell-glue';
import { imports } from 'shopbell-imports';

export async function fromBytes(bytes) {
  const { instance } = await WebAssembly.instantiate(bytes, imports);
  __wbg_set_wasm(instance.exports);
  return feed;
}
