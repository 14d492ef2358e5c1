// The module, from the self-contained script that it is in.

import { mask, text } from 'shopbell-inside';
import { fromBytes } from './load.js';

export async function load() {
  // The module takes its place after the script is bundled, so the bundler must not take its length for a constant.
  const masked = String(text);
  // Read by another charset, if a tool took its byte order mark away, a byte may be any character.
  if (/[^\0-\xff]/.test(masked)) throw 'its script was not read as UTF-8';
  return fromBytes(new Uint8Array(masked.length).map((_, index) => masked.charCodeAt(index) ^ mask));
}
