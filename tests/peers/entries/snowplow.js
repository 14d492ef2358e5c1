import { newTracker, trackPageView, trackStructEvent } from '@snowplow/browser-tracker';

newTracker('peer', location.origin, { appId: 'shop', platform: 'web', contexts: { session: true, webPage: true } });
trackPageView();
window.peer = {
  track: (name, props) =>
    trackStructEvent({
      category: 'shop',
      action: name,
      label: props.item_id,
      property: JSON.stringify(props),
      value: props.price,
    }),
};
