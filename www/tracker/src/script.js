// The self-contained classic script: <script async src="/shopbell.js" data-collector="/collect" data-site="shop">

import { parts } from './all-parts.js';
import { load } from './inside.js';
import { install } from './install.js';

install(load, parts);
