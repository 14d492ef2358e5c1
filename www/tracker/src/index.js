// The npm package: import { init } from 'shopbell'. Safe to import and to call where there is no window.

import encoded from 'shopbell-bytes';
import { inert, start } from './face.js';
import { fromText } from './load.js';

let handle;

export function init(options) {
  if (typeof window == 'undefined') return inert();
  return (handle ||= start(options, () => fromText(encoded)));
}
