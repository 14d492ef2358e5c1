// The npm package: import { init } from 'shopbell'. Safe to import and to call where there is no window.

import encoded from 'shopbell-encoded';
import { start } from './face.js';
import { fromComing } from './load.js';

let handle;

export function init(options) {
  return (handle ||= start(options, load));
}

const load = fromComing(() => {
  const deflated = Uint8Array.from(atob(encoded), (char) => char.charCodeAt());
  const inflated = new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Response(inflated).arrayBuffer();
});
