// Every part, under the names by which `data-capture` asks for them. The npm package has them as 'shopbell/parts'.

import { googleConsent } from './parts/google-consent.js';
import { optOut } from './parts/opt-out.js';
import { tcf } from './parts/tcf.js';

export { googleConsent, optOut, tcf };
export const parts = { __proto__: null, tcf, 'google-consent': googleConsent, 'opt-out': optOut };
