// The module, from the self-contained script that it is in.

import { asItStands, kinds, lengths, mask, memory, text } from 'shopbell-inside';
import { fromBytes } from './load.js';

export async function load() {
  // The module takes its place after the script is bundled, so the bundler must not take its length for a constant.
  const masked = String(text);
  // Read by another charset, if a tool took its byte order mark away, a byte may be any character.
  if (/[^\0-\xff]/.test(masked)) throw 'its script was not read as UTF-8';
  const module = [];
  let end = 0;
  const at = lengths.map((length) => (end += length) - length); // where each stream is read
  const next = (stream) => masked.charCodeAt(at[stream]++) ^ mask;
  while (at[0] < lengths[0]) {
    const instruction = next(0);
    if (instruction == asItStands) for (let count = next(9) + next(9) * 256; count--; ) module.push(next(9));
    else {
      module.push(instruction);
      const kind = +kinds[instruction];
      if (kind == memory) module.push(0);
      if (kind) while (module[module.push(next(kind)) - 1] > 127);
    }
  }
  return fromBytes(new Uint8Array(module));
}
