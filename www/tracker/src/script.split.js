// The classic script that fetches shopbell.wasm from where it came from itself.

import { install } from './install.js';
import { fromBytes } from './load.js';
import { findTag } from './tag.js';

const { src } = findTag() ?? {};
install(async () => fromBytes(await (await fetch(new URL('shopbell.wasm', src))).arrayBuffer()));
