// The same without parts: /shopbell.core.js

import { load } from './inside.js';
import { install } from './install.js';

install(load);
