// The self-contained classic script: <script async src="/shopbell.js" data-collector="/collect" data-site="shop">

import { mask, text } from 'shopbell-inside';
import { install } from './install.js';
import { fromBytes } from './load.js';

install(async () => {
  // The module takes its place after the script is bundled, so the bundler must not take its length for a constant.
  const masked = String(text);
  const bytes = new Uint8Array(masked.length);
  for (let index = 0; index < masked.length; index++) bytes[index] = masked.charCodeAt(index) ^ mask;
  return fromBytes(bytes);
});
