// The self-contained classic script: <script async src="/shopbell.js" data-collector="/collect" data-site="shop">

import { mask, text } from 'shopbell-inside';
import { fromBytesAtOnce } from './load.js';
import { install } from './install.js';

install(() => fromBytesAtOnce(Uint8Array.from(text, (char) => char.charCodeAt() ^ mask)));
