// Consent as Google's consent mode tells it.

/**
 * A part: consent by the `analytics_storage` of Google's consent mode 2 (`gtag('consent', 'default' | 'update', …)`). An update
 * decides; before one, a default that grants does, and one that denies leaves consent pending: the visitor has not answered.
 * Defaults for regions count for everybody, as a page does not know where its visitor is. `dataLayer` names another queue.
 */
export function googleConsent({ dataLayer = 'dataLayer' } = {}) {
  const part = (shopbell) => {
    let isDenied;
    const read = (entry) => {
      const [command, kind, states] = entry?.length ? entry : [];
      const state = states?.analytics_storage;
      if (command != 'consent' || !state) return;
      const isUpdate = kind == 'update';
      isDenied ||= !isUpdate && state == 'denied';
      const isGranted = state == 'granted' && (isUpdate || !isDenied);
      shopbell.consent(isGranted ? 'granted' : isUpdate ? 'denied' : 'pending');
    };
    window[dataLayer] ??= [];
    const queue = window[dataLayer];
    const { push } = queue;
    queue.forEach(read);
    queue.push = function (...entries) {
      entries.forEach(read);
      return push.apply(this, entries);
    };
  };
  part.asks = true;
  return part;
}
