// The module, from the self-contained script that it is in.

import { asItStands, kinds, lengths, mask, memory, text } from 'shopbell-inside';
import { fromBytes } from './load.js';

export async function load() {
  // The module takes its place after the script is bundled, so the bundler must not take its length for a constant.
  const masked = String(text);
  // Read by another charset, if a tool took its byte order mark away, a byte may be any character.
  if (/[^\0-\xff]/.test(masked)) throw 'its script was not read as UTF-8';
  // As plain as it can be: no engine has compiled it yet, and phones are slow.
  const module = new Uint8Array(masked.length * 2);
  let end = 0;
  let size = 0;
  const at = lengths.map((length) => (end += length) - length); // where each stream is read
  for (let place = 0; place < lengths[0]; place++) {
    const instruction = masked.charCodeAt(place) ^ mask;
    if (instruction == asItStands) {
      const [low, high] = [masked.charCodeAt(at[9]++) ^ mask, masked.charCodeAt(at[9]++) ^ mask];
      for (let count = low + high * 256; count--; ) module[size++] = masked.charCodeAt(at[9]++) ^ mask;
    } else {
      module[size++] = instruction;
      const kind = +kinds[instruction];
      if (kind == memory) size++;
      if (kind)
        do module[size] = masked.charCodeAt(at[kind]++) ^ mask;
        while (module[size++] > 127);
    }
  }
  return fromBytes(module.subarray(0, size));
}
