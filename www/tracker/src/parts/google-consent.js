// Consent as Google's consent mode tells it.

/**
 * A part: consent by the `analytics_storage` of Google's consent mode 2 (`gtag('consent', 'default' | 'update', …)`). An update
 * decides; before one, a default that grants does, and one that denies leaves consent pending: the visitor has not answered.
 * Defaults for regions count for everybody, as a page does not know where its visitor is. `dataLayer` names another queue.
 */
export function googleConsent({ dataLayer = 'dataLayer' } = {}) {
  const part = (shopbell) => {
    let isAnswered;
    let isDenied;
    const read = (entry) => {
      const [command, kind, states] = entry?.length ? entry : [];
      const state = states?.analytics_storage;
      if (command != 'consent' || !state) return;
      isAnswered ||= kind == 'update';
      isDenied ||= kind == 'default' && state == 'denied';
      if (kind == 'update') shopbell.consent(state == 'granted' ? 'granted' : 'denied');
      else if (!isAnswered) shopbell.consent(isDenied ? 'pending' : 'granted');
    };
    window[dataLayer] ??= [];
    const queue = window[dataLayer];
    const push = queue.push;
    for (const entry of queue) read(entry);
    queue.push = function (...entries) {
      entries.forEach(read);
      return push.apply(this, entries);
    };
  };
  part.asks = true;
  return part;
}
