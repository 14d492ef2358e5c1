// The module, from its bytes. The glue is what wasm-bindgen made for bundlers; instantiating is ours.

import * as glue from 'shopbell-glue';

const imports = { './shopbell_bg.js': glue };

function ready({ instance }) {
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start?.();
  return glue;
}

/** From bytes that stand in the script itself: deflated, in base64. */
export async function fromText(encoded) {
  const deflated = Uint8Array.from(atob(encoded), (char) => char.charCodeAt());
  const inflated = new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return ready(await WebAssembly.instantiate(await new Response(inflated).arrayBuffer(), imports));
}

/** From a file beside the script. */
export async function fromFile(url) {
  const response = await fetch(url);
  const bytes = await response.arrayBuffer();
  return ready(await WebAssembly.instantiate(bytes, imports));
}
