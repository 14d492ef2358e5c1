// A collector and a browser for each test, and what reached the collector.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import Ajv from 'ajv/dist/2020.js';
import { chromium } from 'playwright-core';
import { chromiumOptions } from './chromium.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const FOUND_MS = 15_000; // how long a condition may take to come true
const LOOK_MS = 25;

const ajv = new Ajv({ allErrors: true, strictTuples: false, allowUnionTypes: true });
const schemaOf = async (name) => JSON.parse(await readFile(join(root, `tests/formats/${name}.schema.json`), 'utf8'));
const isBatch = ajv.compile(await schemaOf('native'));
const isEarly = ajv.compile(await schemaOf('early'));

export function checkBatch(batch) {
  assert.ok(isBatch(batch), `a batch is not what its schema says: ${JSON.stringify(isBatch.errors)}`);
}

/** Waits until `condition` gives something true, and returns it. */
export async function until(what, condition, withinMs = FOUND_MS) {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (performance.now() > deadline) assert.fail(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The collector, which can be stopped and started again on the same port and store. */
export class Collector {
  static async start(faults, words = []) {
    const collector = new Collector();
    collector.words = words;
    collector.log = '';
    collector.folder = await mkdtemp(join(tmpdir(), 'shopbell-'));
    collector.port = await freePort();
    collector.url = `http://127.0.0.1:${collector.port}`;
    await collector.up(faults);
    return collector;
  }

  /** Starts it, with what goes wrong on purpose if that is said. */
  async up(faults) {
    const store = `sqlite:${join(this.folder, 'events.sqlite')}`;
    const words = ['--listen', `127.0.0.1:${this.port}`, '--store', store, '--www', join(root, 'www'), ...this.words];
    if (faults) words.push('--faults', faults);
    this.process = spawn(join(root, 'target/debug/shopbell-collector'), words, {
      env: { ...process.env, RUST_LOG: 'warn,shopbell_collector=debug' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stderr.on('data', (text) => (this.log += text));
    await new Promise((resolve, reject) => {
      this.process.stdout.once('data', resolve);
      this.process.once('exit', (code) => reject(new Error(`the collector ended with ${code}`)));
    });
  }

  async down(signal = 'SIGTERM') {
    if (this.process.exitCode !== null || this.process.signalCode) return;
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill(signal);
    await ended;
  }

  async stop() {
    await this.down();
    await rm(this.folder, { recursive: true });
  }

  async get(path) {
    return (await fetch(`${this.url}/api/${path}`)).json();
  }

  sessions = () => this.get('sessions?site=shop');

  /** All stored events, page after page. */
  async events() {
    const events = [];
    for (;;) {
      const after = events.length ? `&after=${events.at(-1).id}` : '';
      const page = await this.get(`events?site=shop&limit=10000${after}`);
      if (!page.length) return events;
      events.push(...page);
    }
  }

  /** Requests that reached it, and how many events it stored or had stored already, by its own log. */
  received() {
    const stored = [...this.log.matchAll(/batch stored.*?events.*?=.*?(\d+)/g)];
    const refused = [...this.log.matchAll(/misbehaving/g)].length;
    return { requests: stored.length + refused, events: stored.reduce((sum, [, events]) => sum + +events, 0) };
  }

  /** Waits until so many events have come, and makes sure that there are no more of them. */
  async settled(count) {
    // Its port may be closed on purpose.
    const stored = () => this.events().catch(() => []);
    await until(`${count} events at the collector`, async () => (await stored()).length >= count);
    const events = await this.events();
    assert.equal(events.length, count);
    assert.equal(new Set(events.map(({ id }) => id)).size, count);
    return events;
  }
}

const start = (options) => chromium.launch({ ...chromiumOptions, ...options });

let browser;
let keeping;
export const launch = async () => (browser ??= await start());
export async function close() {
  await browser?.close();
  await keeping?.close();
}

/** A profile in a browser that keeps pages for going back, as people's browsers do and this one's default does not. */
export async function keepingProfile(options) {
  keeping ??= await start({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
  return watch(await keeping.newContext({ timezoneId: MIDDAY, ...options }));
}

/** A zone in which it is about midday, so that no midnight falls into a test on the real clock. */
const hour = new Date().getUTCHours() - 12;
export const MIDDAY = `Etc/GMT${hour < 0 ? hour : `+${hour}`}`;

/** A profile of its own. Every batch that leaves it is checked against the schema; every error of a page fails. */
export const profile = async (options) => watch(await (await launch()).newContext({ timezoneId: MIDDAY, ...options }));

/** Eight in the evening in Paris. */
export const EVENING = new Date('2026-03-10T19:00:00Z');

/** A profile in Paris in place of another, its clock set: it is the test that moves it. */
export async function clocked(context, time = EVENING) {
  await end(context);
  const inParis = await profile({ timezoneId: 'Europe/Paris' });
  await inParis.clock.install({ time });
  return inParis;
}

/** What was told, batch after batch, each checked against its schema. */
export class Wire {
  batches = [];
  early = [];
  problems = [];

  note(body) {
    try {
      const isCompressed = body[0] === 0x1f && body[1] === 0x8b;
      const text = `${isCompressed ? gunzipSync(body) : body}`;
      if (text.startsWith('{"schema":"shopbell/early/')) {
        const pages = text
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line));
        this.early.push(pages);
        for (const page of pages)
          assert.ok(isEarly(page), `an early page is not what its schema says: ${JSON.stringify(isEarly.errors)}`);
      } else {
        const batch = JSON.parse(text);
        this.batches.push(batch);
        checkBatch(batch);
      }
    } catch (problem) {
      this.problems.push(problem.message);
    }
  }
}

function watch(context) {
  const wire = new Wire();
  const { batches, early, problems } = wire;
  Object.assign(context, { batches, early, problems });
  context.on('request', (request) => {
    if (request.url().endsWith('/collect')) wire.note(request.postDataBuffer());
  });
  context.on('weberror', (error) => context.problems.push(String(error.error())));
  return context;
}

/** The inline stub, as pages have it. */
export const snippet = `<script>${(await readFile(join(root, 'www/tracker/dist/stub.js'), 'utf8')).trim()}</script>`;

/** A page that has the tracker's tag, with more attributes, and with more before and after it. */
export const page = ({ site = 'shop', attributes = '', before = '', body = '', tag } = {}) => {
  const usual = `<script src="/shopbell.js" data-collector="/collect" data-site="${site}" ${attributes}></script>`;
  return `<!doctype html><title>Page</title>${before}${tag ?? usual}${body}`;
};

/** Answers these URLs with such a page. */
export const serve = (context, urls, parts) =>
  context.route(urls, (route) => route.fulfill({ contentType: 'text/html', body: page(parts) }));

/** Answers `path` with a page of the front-end in Rust: a module that has its exports as `rust`. */
export const serveFrontEnd = (context, path, script) =>
  context.route(`**${path}**`, (route) => {
    const name = new URL(route.request().url()).pathname.replace(path, '');
    const module = `import start, * as rust from '${path}shopbell_front_end.js'; await start(); ${script}`;
    if (!name) return route.fulfill({ contentType: 'text/html', body: `<script type="module">${module}</script>` });
    const contentType = name.endsWith('.wasm') ? 'application/wasm' : 'text/javascript';
    return route.fulfill({ contentType, path: join(root, 'target/x/front-end', name) });
  });

/** Ends a profile and makes sure that nothing went wrong in it. */
export async function end(context) {
  await context.close();
  assert.deepEqual(context.problems, []);
}

/** Opens a page and waits until its tracker runs. */
export async function open(context, url) {
  const page = await context.newPage();
  await page.goto(url);
  await ready(page);
  return page;
}

export const ready = (page) => page.waitForFunction(() => window.shopbell?.session());
export const session = (page) => page.evaluate(() => shopbell.session());
export const track = (page, name, props) =>
  page.evaluate(([name, props]) => shopbell.track(name, props), [name, props]);
export const flush = (page) => page.evaluate(() => shopbell.flush());
