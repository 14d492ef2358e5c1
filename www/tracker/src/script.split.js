// The classic script that fetches shopbell.wasm from where it came from itself.

import { fromFile } from './load.js';
import { install } from './install.js';

const { src } = document.currentScript;
install(() => fromFile(new URL('shopbell.wasm', src)));
