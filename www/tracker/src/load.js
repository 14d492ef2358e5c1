// The module, from its bytes. The glue is what wasm-bindgen made for bundlers; instantiating is ours.

import { __wbg_set_wasm, feed, session, start } from 'shopbell-glue';
import { begin, imports } from 'shopbell-imports';

async function ready(bytes) {
  const { instance } = await WebAssembly.instantiate(bytes, imports);
  __wbg_set_wasm(instance.exports);
  begin(instance.exports);
  return { feed, session, start };
}

/** From bytes that stand in the script itself: deflated, in base64. */
export async function fromText(encoded) {
  const deflated = Uint8Array.from(atob(encoded), (char) => char.charCodeAt());
  const inflated = new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return ready(await new Response(inflated).arrayBuffer());
}

/** From a file beside the script. */
export const fromFile = async (url) => ready(await (await fetch(url)).arrayBuffer());
