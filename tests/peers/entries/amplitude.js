import { init, track } from '@amplitude/analytics-browser';

init('00000000000000000000000000000000', {
  serverUrl: `${location.origin}/collect`,
  autocapture: { pageViews: true, sessions: true },
});
window.peer = { track };
