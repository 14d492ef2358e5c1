// The same visit, told by the makers' own clients: a page, a product, an order.

import { createRequire } from 'node:module';
import { Analytics } from '@segment/analytics-node';
import { Umami } from '@umami/node';
import { PostHog } from 'posthog-node';
import { until } from '../support.js';

const require = createRequire(import.meta.url);

export const LAMP = { item_id: 'lamp', item_name: 'A lamp', item_category: 'Light', price: 59.9, quantity: 1 };
export const PRODUCT = { currency: 'EUR', value: 59.9, items: [LAMP] };
export const ORDER = {
  transaction_id: 'A-1',
  value: 69.7,
  currency: 'EUR',
  tax: 11.13,
  shipping: 4.9,
  coupon: 'MAY',
  items: [LAMP, { item_id: 'bulb', item_name: 'Bulb', item_category: 'Light', price: 4.9, quantity: 1 }],
};

const URL = 'https://shop.example/p/lamp?utm_source=facebook&utm_medium=cpc';
const TITLE = 'A lamp';
const PRODUCTS = ORDER.items.map(({ item_id, item_name, item_category, price, quantity }) => ({
  product_id: item_id,
  name: item_name,
  category: item_category,
  price,
  quantity,
}));

export async function segment({ url }) {
  const analytics = new Analytics({ writeKey: 'shop', host: url, maxEventsInBatch: 15, maxRetries: 0 });
  const context = {
    page: { url: URL, path: '/p/lamp', title: TITLE, referrer: 'https://l.facebook.com/' },
    campaign: { source: 'facebook', medium: 'cpc' },
    locale: 'en-GB',
    timezone: 'Europe/Paris',
  };
  const who = { anonymousId: 'device', context };
  analytics.page({ ...who, properties: context.page });
  analytics.track({ ...who, event: 'Product Viewed', properties: { ...PRODUCTS[0], currency: 'EUR', value: 59.9 } });
  const order = {
    order_id: 'A-1',
    total: 69.7,
    revenue: 69.7,
    tax: 11.13,
    shipping: 4.9,
    coupon: 'MAY',
    currency: 'EUR',
  };
  analytics.track({ ...who, event: 'Order Completed', properties: { ...order, products: PRODUCTS } });
  await analytics.closeAndFlush();
}

export async function posthog({ url }) {
  const client = new PostHog('shop', { host: url, disableCompression: true, disableGeoip: true, flushAt: 20 });
  const page = { $current_url: URL, $pathname: '/p/lamp', $host: 'shop.example', title: TITLE };
  const common = { distinctId: 'device', timestamp: new Date(), uuid: '01890a5d-ac96-774b-bcce-b302099a8057' };
  client.capture({ ...common, event: '$pageview', properties: { ...page, utm_source: 'facebook', utm_medium: 'cpc' } });
  client.capture({ ...common, event: 'view_item', properties: { ...page, ...PRODUCT } });
  client.capture({ ...common, event: 'purchase', properties: { ...page, ...ORDER } });
  await client.shutdown();
}

export async function amplitude({ url }) {
  const { createInstance, Revenue } = require('@amplitude/analytics-node');
  const client = createInstance();
  await client.init('shop', { serverUrl: `${url}/2/httpapi`, flushQueueSize: 20, minIdLength: 1 }).promise;
  const who = { device_id: 'device', session_id: Date.now(), time: Date.now(), language: 'en-GB', platform: 'Web' };
  const page = { '[Amplitude] Page Location': URL, '[Amplitude] Page Title': TITLE };
  client.track('[Amplitude] Page Viewed', page, who);
  client.track('view_item', PRODUCT, who);
  client.revenue(
    new Revenue().setRevenue(69.7).setPrice(69.7).setCurrency?.('EUR') ?? new Revenue().setPrice(69.7),
    who,
  );
  await client.flush().promise;
}

export async function umami({ url }) {
  const client = new Umami({ hostUrl: url, websiteId: 'shop' });
  const page = { hostname: 'shop.example', language: 'en-GB', screen: '1440x900', title: TITLE, url: URL };
  const visit = {
    ...page,
    referrer: 'https://l.facebook.com/',
    id: 'device',
    timestamp: Math.floor(Date.now() / 1000),
  };
  await client.track(visit);
  await client.track({ ...visit, name: 'view_item', data: { currency: 'EUR' } });
  await client.track({ ...visit, name: 'purchase', data: { revenue: 69.7, currency: 'EUR' } });
}

export async function matomo({ url, requests }) {
  const Matomo = require('matomo-tracker');
  const client = new Matomo(1, `${url}/matomo.php`);
  const common = {
    _id: '0123456789abcdef',
    urlref: 'https://l.facebook.com/',
    pv_id: 'abcdef',
    lang: 'en-GB',
    apiv: 1,
  };
  const visit = { ...common, url: URL, action_name: TITLE, cdt: Math.floor(Date.now() / 1000) };
  const items = JSON.stringify(ORDER.items.map((item) => Object.values(item)));
  client.trackBulk([
    visit,
    { ...visit, ca: 1, e_c: 'event', e_a: 'view_item', e_n: 'lamp', e_v: 59.9 },
    { ...visit, idgoal: 0, ec_id: 'A-1', revenue: 69.7, ec_tx: 11.13, ec_sh: 4.9, ec_items: items },
  ]);
  await until('its requests have come', () => requests.length);
}
