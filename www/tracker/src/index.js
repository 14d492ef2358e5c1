// The npm package: import { init } from 'shopbell'. Safe to import and to call where there is no window.

import encoded from 'shopbell-encoded';
import { start } from './handle.js';
import { fromBytes } from './load.js';

export const init = (options) => start(options, load);

async function load() {
  const deflated = Uint8Array.from(atob(encoded), (char) => char.charCodeAt());
  const inflated = new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return fromBytes(await new Response(inflated).arrayBuffer());
}
