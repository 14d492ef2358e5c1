// The classic script that fetches shopbell.wasm from where it came from itself.

import { fromComing } from './load.js';
import { install } from './install.js';

const { src } = document.currentScript;
install(fromComing(async () => (await fetch(new URL('shopbell.wasm', src))).arrayBuffer()));
