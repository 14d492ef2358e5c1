// The classic script that fetches shopbell.wasm from where it came from itself.

import { install } from './install.js';
import { fromBytes } from './load.js';
import { findTag } from './tag.js';

const { src } = /** @type {any} */ (findTag() ?? {});
install(async () => fromBytes(await (await fetch(new URL('shopbell.wasm', src))).arrayBuffer()));
