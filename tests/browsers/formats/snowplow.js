import { newTracker, trackPageView, trackSelfDescribingEvent, trackStructEvent } from '@snowplow/browser-tracker';

const ecommerce = (name, version) => `iglu:com.snowplowanalytics.snowplow.ecommerce/${name}/jsonschema/${version}`;

/** The same visit as the page's own: a view, a product, an order. */
window.tell = (collector, item, order) => {
  newTracker('peer', collector, {
    appId: 'shop',
    platform: 'web',
    credentials: 'omit',
    contexts: { session: true, webPage: true },
  });
  trackPageView();
  const product = ({ item_id, item_name, item_category, price, quantity }) => ({
    schema: ecommerce('product', '1-0-0'),
    data: { id: item_id, name: item_name, category: item_category, price, quantity, currency: 'EUR' },
  });
  const action = (type) => ({ event: { schema: ecommerce('snowplow_ecommerce_action', '1-0-2'), data: { type } } });
  trackSelfDescribingEvent({ ...action('product_view'), context: [product(item)] });
  const { transaction_id, value: revenue, currency, tax, shipping, coupon: discount_code, items } = order;
  const data = {
    transaction_id,
    revenue,
    currency,
    tax,
    shipping,
    discount_code,
    payment_method: '',
    total_quantity: 2,
  };
  const transaction = { schema: ecommerce('transaction', '1-0-0'), data };
  trackSelfDescribingEvent({ ...action('transaction'), context: [transaction, ...items.map(product)] });
  trackStructEvent({ category: 'event', action: 'search', property: '{}' });
};
