// The module, from its bytes. The glue is what wasm-bindgen made for bundlers; instantiating is ours.

import { __wbg_set_wasm, feed } from 'shopbell-glue';
import { imports } from 'shopbell-imports';
import { leave } from './leave.js';

const use = ({ exports }) => (__wbg_set_wasm(exports), feed);

const fromBytes = async (bytes) => use((await WebAssembly.instantiate(bytes, imports)).instance);

/** In the same turn, where the browser lets pages compile as much at once (Chrome before 117 did not). */
export function fromBytesAtOnce(bytes) {
  try {
    return use(new WebAssembly.Instance(new WebAssembly.Module(bytes), imports));
  } catch {
    return fromBytes(bytes);
  }
}

/** As soon as they have come. If the page is left before, the loader tells what it was called for. */
export const fromComing = (bytes) => async (options, calls) => {
  const left = () => leave(options, calls.splice(0));
  addEventListener('pagehide', left);
  try {
    return await fromBytes(await bytes());
  } finally {
    removeEventListener('pagehide', left);
  }
};
