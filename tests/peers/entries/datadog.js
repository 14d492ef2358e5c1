import { datadogRum } from '@datadog/browser-rum-slim';

datadogRum.init({
  applicationId: '00000000-0000-4000-8000-000000000000',
  clientToken: 'pub0000000000000000000000000000000',
  proxy: `${location.origin}/collect`,
  service: 'shop',
  sessionSampleRate: 100,
});
window.peer = { track: (name, props) => datadogRum.addAction(name, props) };
