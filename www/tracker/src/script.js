// The self-contained classic script: <script async src="/shopbell.js" data-collector="/collect" data-site="shop">

import encoded from 'shopbell-bytes';
import { fromText } from './load.js';
import { install } from './install.js';

install(() => fromText(encoded));
