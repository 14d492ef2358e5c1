import Plausible from 'plausible-tracker';

window.tell = (apiHost) => {
  const { trackPageview, trackEvent } = Plausible({ domain: 'shop', apiHost, trackLocalhost: true });
  trackPageview();
  trackEvent('view_item', { props: { currency: 'EUR' } });
};
