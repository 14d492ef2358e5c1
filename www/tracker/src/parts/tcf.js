// Consent as platforms of the IAB tell it.

const LOOK_MS = 100; // how often it is looked for a platform that comes later,
const LOOKS_MAX = 600; // and how often at most

/**
 * A part: consent by the IAB Transparency and Consent Framework 2.2 (`__tcfapi`): granted with consent for all `purposes` (1,
 * to store, and 8, to measure content, by default) and, if it is named, for the `vendor` of that number; where the law does not
 * apply too. Until the visitor has answered, consent is pending.
 */
export function tcf({ purposes = [1, 8], vendor = 0 } = {}) {
  const part = (shopbell, looks = 0) => {
    const { __tcfapi } = /** @type {any} */ (window);
    if (typeof __tcfapi != 'function') {
      if (looks < LOOKS_MAX) setTimeout(part, LOOK_MS, shopbell, looks + 1);
      return;
    }
    __tcfapi('addEventListener', 2, (data, isDone) => {
      // The visitor is still asked.
      if (!isDone || data.eventStatus == 'cmpuishown') return;
      const allows = purposes.every((one) => data.purpose?.consents[one]) && (!vendor || data.vendor?.consents[vendor]);
      shopbell.consent(data.gdprApplies === false || allows ? 'granted' : 'denied');
    });
  };
  part.asks = true;
  return part;
}
