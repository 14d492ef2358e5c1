import { initializeFaro } from '@grafana/faro-web-sdk';

const faro = initializeFaro({ url: `${location.origin}/collect`, app: { name: 'shop', version: '1' } });
// Faro takes attributes that are text.
window.peer = {
  track: (name, props) =>
    faro.api.pushEvent(name, Object.fromEntries(Object.entries(props).map(([key, value]) => [key, `${value}`]))),
};
