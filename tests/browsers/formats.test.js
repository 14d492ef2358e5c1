// Every wire format, from a page straight to a target on another origin: what arrives is what the makers' own clients, schemas and
// programs take, and what they answer is understood.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import Draft4 from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { HTTP } from 'cloudevents';
import { build } from '../../www/node_modules/esbuild/lib/main.js';
import { example } from './example.js';
import { ClickHouse } from './formats/clickhouse.js';
import { amplitude, matomo, ORDER, PRODUCT, posthog, segment, umami } from './formats/makers.js';
import { Target } from './formats/target.js';
import {
  Collector,
  clocked,
  close,
  end,
  flush,
  launch,
  profile,
  ready,
  root,
  session,
  track,
  until,
} from './support.js';

const require = createRequire(import.meta.url);
const DIST = join(root, 'www/tracker/dist');

let context;
let target;
let shop;

before(launch);
after(close);
beforeEach(async () => {
  target = await Target.start();
  shop = await Target.start();
  context = await profile();
});
afterEach(async () => {
  await context.close();
  await target.stop();
  await shop.stop();
  assert.deepEqual(context.problems, []);
});

/** A page of the shop with the script of a format. */
async function open(
  format,
  { path = '/p/lamp?utm_source=facebook&utm_medium=cpc', site = 'shop', collector = target.url } = {},
) {
  const script = await readFile(join(DIST, `shopbell.${format}.js`));
  const tag = `<script src="/shopbell.js" data-collector="${collector}" data-site="${site}"></script>`;
  shop.page = (path) =>
    path.endsWith('.js')
      ? { type: 'text/javascript', body: script }
      : { type: 'text/html', body: `<!doctype html><title>A lamp</title>${tag}` };
  const page = await context.newPage();
  await page.goto(shop.url + path, { referer: 'https://l.facebook.com/' });
  await ready(page);
  return page;
}

/** Flushes until nothing waits. */
const drained = (page) =>
  until('all is acknowledged', async () => {
    await flush(page);
    return !(await session(page)).waiting;
  });

/** A visit with every kind of event; returns the session. */
async function visit(format, options) {
  const page = await open(format, options);
  for (const name of ['view_item_list', 'view_item', 'add_to_cart', 'view_cart', 'begin_checkout'])
    await track(page, name, PRODUCT);
  await track(page, 'add_shipping_info', { ...PRODUCT, shipping_tier: 'express' });
  await track(page, 'add_payment_info', { ...PRODUCT, payment_type: 'card' });
  await track(page, 'purchase', ORDER);
  await track(page, 'refund', { transaction_id: 'A-1', value: 4.9, currency: 'EUR' });
  await track(page, 'search', { search_term: 'lämp "new"', filters: { price: [10, 100.5], sale: true, brand: null } });
  await drained(page);
  return session(page);
}

/** How many events that are: session_start and page_view too. */
const EVENTS = 12;

test('every batch is a batch of CloudEvents to their SDK', async () => {
  const { id, device_id } = await visit('cloudevents');
  const events = target.requests.flatMap(({ headers, body }) => HTTP.toEvent({ headers, body }));
  assert.equal(events.length, EVENTS);
  for (const event of events) event.validate();
  const purchase = events.find(({ type }) => type === 'shopbell.purchase');
  assert.equal(purchase.subject, id);
  assert.equal(purchase.data.device.id, device_id);
  assert.deepEqual(purchase.data.props, ORDER);
  assert.equal(Date.parse(purchase.time), purchase.data.time);
  assert.equal(purchase.data.session.source.source, 'facebook');
  assert.equal(new Set(events.map((event) => event.id)).size, EVENTS);
});

test('every body is what the protobuf descriptions of OpenTelemetry say', async () => {
  const { opentelemetry } = require('@opentelemetry/otlp-transformer/build/src/generated/root');
  const { ExportLogsServiceRequest: type } = opentelemetry.proto.collector.logs.v1;
  const { id } = await visit('otlp');
  assert.ok(target.requests.every(({ path }) => path === '/v1/logs'));
  const records = target.bodies.flatMap((body) => {
    const message = type.fromObject(body);
    assert.equal(type.verify(message), null);
    // What is not in the descriptions would be left out on the way through.
    const through = type.toObject(type.decode(type.encode(message).finish()), { longs: String });
    assert.deepEqual(JSON.parse(JSON.stringify(through)), body);
    return body.resourceLogs[0].scopeLogs[0].logRecords;
  });
  assert.equal(records.length, EVENTS);
  const purchase = records.find(({ eventName }) => eventName === 'purchase');
  const value = (attributes, key) => Object.values(attributes.find((one) => one.key === key).value)[0];
  assert.equal(value(purchase.attributes, 'session.id'), id);
  assert.equal(value(purchase.body.kvlistValue.values, 'value'), 69.7);
  assert.equal(value(purchase.body.kvlistValue.values, 'transaction_id'), 'A-1');
});

/** Two events, session_start and page_view; what a target answers to each request; how many of them it keeps, and in how many. */
const ANSWERS = [
  ['otlp', [200, '{}'], { sent: 2, dropped: 0, requests: 1 }],
  [
    'otlp',
    [200, '{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too old"}}'],
    { sent: 1, dropped: 1, requests: 1 },
  ],
  ['matomo', [200, '{"status":"success","tracked":2,"invalid":0}'], { sent: 2, dropped: 0, requests: 1 }],
  ['matomo', [200, '{"status":"success","tracked":1,"invalid":1}'], { sent: 1, dropped: 1, requests: 1 }],
  ['posthog', [200, '{"status":"Ok"}'], { sent: 2, dropped: 0, requests: 1 }],
  ['posthog', [200, '{"status":1,"quota_limited":["events"]}'], { sent: 0, dropped: 2, requests: 1 }],
  ['umami', [200, '{"cache":"x","sessionId":"y","visitId":"z"}'], { sent: 2, dropped: 0, requests: 2 }],
  ['umami', [200, '{"beep":"boop"}'], { sent: 0, dropped: 2, requests: 2 }],
  ['amplitude', [200, '{"code":200,"events_ingested":2}'], { sent: 2, dropped: 0, requests: 1 }],
  ['amplitude', [400, '{"code":400,"error":"Invalid API key"}'], { sent: 0, dropped: 2, requests: 1 }],
  ['plausible', [202, 'ok'], { sent: 2, dropped: 0, requests: 2 }],
  ['plausible', [400, '{"errors":{"domain":["is invalid"]}}'], { sent: 0, dropped: 2, requests: 2 }],
  ['segment', [200, '{"success":true}'], { sent: 2, dropped: 0, requests: 1 }],
  ['snowplow', [200, 'ok'], { sent: 2, dropped: 0, requests: 1 }],
  ['cloudevents', [202, ''], { sent: 2, dropped: 0, requests: 1 }],
  ['ndjson', [200, ''], { sent: 2, dropped: 0, requests: 1 }],
];

for (const [format, [status, body], expected] of ANSWERS)
  test(`${format}: ${status} ${body} is taken as it is meant`, async () => {
    target.answer = () => ({ status, body });
    const page = await open(format, { path: '/' });
    await drained(page);
    const { sent, dropped, waiting } = await session(page);
    assert.deepEqual({ sent, dropped, requests: target.requests.length, waiting }, { ...expected, waiting: 0 });
  });

test('Amplitude refuses one event: the other is stored', async () => {
  target.answer = ({ body }) => {
    const isBad = JSON.parse(body).events.some(({ event_type }) => event_type === 'session_start');
    const bad = { status: 400, body: '{"code":400,"events_with_invalid_fields":{"event_type":[0]}}' };
    return isBad ? bad : { status: 200, body: '{"code":200}' };
  };
  const page = await open('amplitude', { path: '/' });
  await page.clock.install();
  await patiently(page);
  const { sent, dropped } = await session(page);
  assert.deepEqual({ sent, dropped }, { sent: 1, dropped: 1 });
});

test('Segment says by a header of its own how long to wait', async () => {
  const headers = { 'x-ratelimit-reset': '60', 'access-control-expose-headers': 'x-ratelimit-reset' };
  target.answer = (_, count) => (count > 1 ? { status: 200, body: '{}' } : { status: 429, body: '', headers });
  const page = await open('segment', { path: '/' });
  await page.clock.install();
  await flush(page);
  await page.clock.fastForward(50_000);
  await flush(page);
  assert.equal(target.requests.length, 1);
  await page.clock.fastForward(11_000);
  await drained(page);
  assert.equal(target.requests.length, 2);
});

const IGLU = join(root, '../shared/schemas/iglu');

/** Snowplow's own schemas, by their URIs. */
async function iglu() {
  const ajv = new Draft4({ strict: false, allErrors: true });
  addFormats(ajv);
  const schemas = new Map();
  for (const file of await readdir(IGLU, { recursive: true })) {
    if (!/\d+-\d+-\d+\.json$/.test(file)) continue;
    const { $schema, ...schema } = JSON.parse(await readFile(join(IGLU, file), 'utf8'));
    schemas.set(`iglu:${file.replace(/\.json$/, '')}`, ajv.compile(schema));
  }
  return ({ schema, data }) => {
    const check =
      schemas.get(schema) ?? schemas.get(schema.replace('contexts/jsonschema/1-0-0', 'contexts/jsonschema/1-0-1'));
    assert.ok(check, `there is no schema ${schema}`);
    assert.ok(check(data), `${schema}: ${JSON.stringify(check.errors)} in ${JSON.stringify(data)}`);
  };
}

test('every payload is valid by the schemas of Snowplow', {
  skip: !existsSync(IGLU) && 'its schemas are not beside this clone',
}, async () => {
  const check = await iglu();
  const { id, device_id } = await visit('snowplow');
  const events = target.bodies.flatMap((body) => {
    check(body);
    return body.data;
  });
  assert.ok(target.requests.every(({ path }) => path === '/com.snowplowanalytics.snowplow/tp2'));
  assert.equal(events.length, EVENTS);
  const kinds = {};
  for (const event of events) {
    const contexts = JSON.parse(event.co);
    check(contexts);
    for (const entity of contexts.data) {
      check(entity);
      kinds[entity.schema.split('/')[1]] = (kinds[entity.schema.split('/')[1]] ?? 0) + 1;
    }
    if (event.ue_pr) {
      check(JSON.parse(event.ue_pr));
      check(JSON.parse(event.ue_pr).data);
    }
    assert.deepEqual([event.sid, event.duid], [id, device_id]);
  }
  assert.deepEqual(kinds, {
    client_session: 12,
    web_page: 12,
    product: 8,
    checkout_step: 3,
    transaction: 1,
    refund: 1,
  });
});

/** All paths of an object's members, those of a list's items as one; texts that are JSON or a query are looked into. */
function paths(value, path = '') {
  if (typeof value === 'string' && /^[{[?]/.test(value)) {
    if (value.startsWith('?')) return paths(Object.fromEntries(new URLSearchParams(value)), path);
    try {
      return paths(JSON.parse(value), path);
    } catch {}
  }
  if (Array.isArray(value)) return [...new Set(value.flatMap((item) => paths(item, `${path}[]`)))];
  if (value === null || typeof value !== 'object') return [path];
  return Object.entries(value).flatMap(([name, member]) => paths(member, path ? `${path}.${name}` : name));
}

/**
 * What the makers' own client says of the same visit, ours says too, but for what is named with its reason.
 * @param {Record<string, string>} reasons
 */
async function compare(format, theirClient, reasons, answer) {
  if (answer) target.answer = answer;
  else target.answer = () => ({ status: 200, body: '{"code":200}' });
  await visit(format);
  const ours = new Set(target.bodies.flatMap((body) => paths(body)));
  const [{ path: ourPath }] = target.requests;
  target.requests.length = 0;
  await theirClient(target);
  assert.ok(target.requests.length, 'their client has sent something');
  const theirs = new Set(target.bodies.flatMap((body) => paths(body)));
  assert.equal(target.requests[0].path.replace(/\/$/, ''), ourPath.replace(/\/$/, ''), 'both go to the same path');
  assert.deepEqual([...theirs].filter((path) => !ours.has(path)).sort(), Object.keys(reasons).sort());
}

/** A maker's client that runs in pages, told to tell the visit. */
const inPage =
  (name, ...facts) =>
  async (target) => {
    const { outputFiles } = await build({
      entryPoints: [join(root, `tests/browsers/formats/${name}.js`)],
      bundle: true,
      write: false,
    });
    shop.page = () => ({ type: 'text/html', body: '<!doctype html><title>A lamp</title>' });
    const page = await context.newPage();
    await page.goto(`${shop.url}/p/lamp?utm_source=facebook&utm_medium=cpc`, { referer: 'https://l.facebook.com/' });
    await page.evaluate(outputFiles[0].text);
    await page.evaluate((words) => window.tell(...words), [target.url, ...facts]);
    await until(
      'what it has told has come',
      () => target.requests.length >= 2 || /transaction/.test(target.requests[0]?.body),
    );
  };

test('Plausible: what its own client says, ours says too', () =>
  compare(
    'plausible',
    inPage('plausible'),
    {
      h: 'whether fragments are pages: of the client itself',
      w: 'the width of the screen, which Plausible reads no more',
    },
    () => ({
      status: 202,
      body: 'ok',
    }),
  ));

test('Snowplow: what its own client says, ours says too', () =>
  compare('snowplow', inPage('snowplow', ORDER.items[0], ORDER), {
    'data[].cd': 'colours of the screen: what a fingerprint is made of, and no session needs',
    'data[].cs': 'charset of the page: the same',
    'data[].ds': 'size of the page: the same',
    'data[].vp': 'size of the window: the same',
    'data[].cookie': 'whether there are cookies: none is set',
    'data[].co.data[].data.firstEventTimestamp': 'the time of session_start, whose id is firstEventId',
    'data[].co.data[].data.previousSessionId': 'left out of a first session, where theirs is null',
  }));

const CLIENT = 'of the client itself, which runs at a server';

test('Segment: what its own client says, ours says too', () =>
  compare('segment', segment, {
    'batch[]._metadata.nodeVersion': CLIENT,
    'batch[]._metadata.jsRuntime': CLIENT,
  }));

test('PostHog: what its own client says, ours says too', () =>
  compare('posthog', posthog, {
    'batch[].properties.$geoip_disable': CLIENT,
    'batch[].properties.$is_server': CLIENT,
    'batch[].timestamp': 'ours says how long ago it was (offset), since the clock of a visitor may be wrong',
    sent_at: 'the same',
  }));

test('Amplitude: what its own client says, ours says too', () =>
  compare('amplitude', amplitude, {
    client_upload_time: 'the time of an event is meant as it is',
    'events[].event_properties.$currency':
      'its revenue is an event of its own; ours is the purchase, as the HTTP API has it',
    'events[].event_properties.$price': 'the same',
    'events[].event_properties.$productId': 'the same',
    'events[].event_properties.$quantity': 'the same',
    'events[].event_properties.$revenue': 'the same',
  }));

test('Umami: what its own client says, ours says too', () => compare('umami', umami, {}));

test('Matomo: what its own client says, ours says too', () =>
  compare('matomo', matomo, {}, ({ body }) => {
    const tracked = JSON.parse(body).requests.length;
    return { status: 200, body: JSON.stringify({ status: 'success', tracked, invalid: 0 }) };
  }));

// The shop of the demo, its visits straight into a database: no collector in between.

const NO_CLICKHOUSE = !process.env.CLICKHOUSE && 'no ClickHouse was found';

test('ClickHouse says by SQL what the report says', { skip: NO_CLICKHOUSE, timeout: 120_000 }, async () => {
  const [clickHouse, collector] = [await ClickHouse.start(), await Collector.start()];
  try {
    // The same visits twice: by the shop as it is, and by the shop with the script and the collector of the format.
    const usual = await clocked(await profile());
    await example(usual, collector.url);
    await end(usual);
    const context = await clocked(await profile());
    const script = await readFile(join(DIST, 'shopbell.ndjson.js'), 'utf8');
    const body = `document.currentScript.dataset.collector = ${JSON.stringify(clickHouse.collector)};${script.slice(1)}`;
    await context.route('**/shopbell.js', (route) =>
      route.fulfill({ contentType: 'text/javascript;charset=utf-8', body }),
    );
    await example(context, collector.url);
    await end(context);
    const report = await collector.get('report?site=shop&bots=true');
    const sessions = `(SELECT session_id, max(session_page_views) AS page_views, max(session_transactions) AS transactions,
      max(session_revenue) AS revenue, argMax(session_funnel_step, seq) AS step, any(source) AS source, count() AS events
      FROM (SELECT * FROM events FINAL) GROUP BY session_id)`;
    const [row] = await clickHouse.query(
      `SELECT count() AS sessions, sum(page_views) AS page_views, sum(transactions) AS transactions, sum(revenue) AS revenue,
       sum(events) AS events, countIf(step = 'purchase') AS bought FROM ${sessions}`,
    );
    const numbers = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)]));
    const { sessions: visits, page_views, transactions, revenue, funnel } = report;
    assert.ok(visits === 2 && transactions === 1 && revenue > 0, JSON.stringify(report));
    const bought = funnel.find(({ step }) => step === 'purchase').sessions;
    const events = (await collector.events()).length;
    assert.deepEqual(numbers, { sessions: visits, page_views, transactions, revenue, bought, events });
    const steps = await clickHouse.query(
      `SELECT name AS step, uniqExact(session_id) AS sessions FROM events WHERE name IN
       ('view_item', 'add_to_cart', 'begin_checkout', 'purchase') GROUP BY name ORDER BY name`,
    );
    const told = Object.fromEntries(steps.map(({ step, sessions }) => [step, Number(sessions)]));
    for (const { step, sessions } of funnel.filter(({ step }) => step in told))
      assert.equal(told[step], sessions, step);
  } finally {
    await collector.stop();
    await clickHouse.stop();
  }
});

// Faults, for a format of batches and for one of single events: what was tracked is at the target once.

const TOLD = {
  snowplow: ({ data }) => data.map(({ eid, se_pr }) => ({ id: eid, place: se_pr && JSON.parse(se_pr).place })),
  plausible: ({ n, p }) => [{ id: `${n} ${p.place}`, place: p.place }],
};
const FAULTS = {
  'the tab is closed': async (page) => {
    await many(page);
    await page.close({ runBeforeUnload: true });
  },
  'the page is left': async (page) => {
    // A page that is left may never say what it was asked for.
    const asked = page.evaluate(() => {
      for (let place = 0; place < 20; place++) shopbell.track('place', { place });
      location.assign('/other.js');
    });
    await Promise.race([asked.catch(() => {}), page.waitForURL('**/other.js')]);
  },
  'the target fails three times': async (page) => {
    await page.clock.install();
    target.answer = (_, count) => (count > 3 ? { status: 200, body: 'ok' } : { status: 503, body: '' });
    await many(page);
    await patiently(page);
  },
  'the target asks to be left alone': async (page) => {
    await page.clock.install();
    const headers = { 'retry-after': '60', 'access-control-expose-headers': 'retry-after' };
    const began = performance.now();
    target.answer = (_, count) => (count > 1 ? { status: 200, body: 'ok' } : { status: 429, body: '', headers });
    await many(page);
    await patiently(page);
    assert.ok(performance.now() - began < 60_000, 'on the clock of the page');
  },
  'answers are lost': async (page) => {
    await page.clock.install();
    target.answer = (_, count) => (count > 2 ? { status: 200, body: 'ok' } : null);
    await many(page);
    await patiently(page);
  },
  'the network is away, and the next page has it again': async (page) => {
    await context.setOffline(true);
    await many(page);
    await until(
      'a request has failed',
      async () => (await session(page)).retried > 0 || (await session(page)).waiting >= 20,
    );
    await context.setOffline(false);
    await page.reload();
    await ready(page);
    await drained(page);
  },
};

const many = (page) =>
  page.evaluate(() => {
    for (let place = 0; place < 20; place++) shopbell.track('place', { place });
  });

/** Flushes until nothing waits, on a clock that leaps over waits. */
const patiently = (page) =>
  until('all is acknowledged', async () => {
    await flush(page);
    if (!(await session(page)).waiting) return true;
    await page.clock.fastForward(61_000);
  });

const rows = [];
after(() => {
  console.log('| format | fault | tracked | at the target once | duplicates on the wire | requests |');
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
});

for (const format of ['snowplow', 'plausible'])
  for (const [fault, happen] of Object.entries(FAULTS))
    test(`${format}: ${fault}`, async () => {
      const told = () => target.bodies.flatMap(TOLD[format]);
      const page = await open(format, { path: '/p/lamp' });
      await happen(page);
      const places = () => [...new Set(told().map(({ place }) => place))].filter((place) => place !== undefined);
      await until('20 events are there', () => places().length >= 20).catch((e) => {
        throw new Error(`${e.message}: ${target.requests.length} ${target.preflights} ${places()}`);
      });
      assert.deepEqual(
        places().sort((one, other) => one - other),
        [...Array(20).keys()],
      );
      const all = told();
      rows.push([
        format,
        fault,
        20,
        places().length,
        all.length - new Set(all.map(({ id }) => id)).size,
        target.requests.length,
      ]);
    });
