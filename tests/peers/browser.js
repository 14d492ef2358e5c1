// A browser, a server that takes whatever is posted, and the trackers that are compared, each as a script of its own.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { chromiumOptions } from '../browsers/chromium.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = join(here, '../../www/tracker/dist');

/** Names of what is compared; `blank` has no tracker. */
export const PEERS = ['snowplow', 'faro', 'datadog', 'amplitude'];

/** The script of each, as a page loads it. */
async function scripts() {
  const folder = await mkdtemp(join(tmpdir(), 'shopbell-peers-'));
  await build({
    entryPoints: PEERS.map((peer) => join(here, 'entries', `${peer}.js`)),
    bundle: true,
    minify: true,
    format: 'iife',
    outdir: folder,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  const found = { shopbell: await readFile(join(dist, 'shopbell.js'), 'utf8') };
  for (const peer of PEERS) found[peer] = await readFile(join(folder, `${peer}.js`), 'utf8');
  await rm(folder, { recursive: true });
  return found;
}

/** Runs `action` with the URL of a server whose `/NAME` is a page with that tracker and `/blank` one without. */
export async function withServer(action) {
  const found = await scripts();
  const tags = {
    shopbell: '<script async src="/shopbell.js" data-collector="/collect" data-site="shop" data-gpc="ignore"></script>',
    blank: '',
  };
  for (const peer of PEERS) tags[peer] = `<script async src="/${peer}.js"></script>`;
  let requests = 0;
  const server = createServer((request, response) => {
    const name = request.url.slice(1).split('?')[0];
    if (request.method !== 'GET') {
      requests += request.method === 'POST';
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' });
      return request.on('end', () => response.end('{}'));
    }
    if (name in tags) {
      response.writeHead(200, { 'content-type': 'text/html' });
      return response.end(`<!doctype html><html lang="en"><title>${name}</title>${tags[name]}<p>A page of a shop</p>`);
    }
    const script = found[name.replace(/\.js$/, '')];
    response.writeHead(script ? 200 : 404, { 'content-type': 'text/javascript; charset=utf-8' });
    response.end(script ?? '');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await action(`http://127.0.0.1:${server.address().port}`, () => requests);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

export const launch = () => chromium.launch(chromiumOptions);

/** A page in a profile of its own, and the browser's own count of the milliseconds of a CPU that its main thread has had. */
export async function fresh(browser) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const workedMs = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration').value * 1000;
  };
  return { context, page, devtools, workedMs };
}

export const median = (numbers) => [...numbers].sort((one, other) => one - other)[numbers.length >> 1];

/** Waits until the main thread has done nothing worth mention for so long; how much it has worked until then. */
export async function quiet(workedMs, quietMs = 600) {
  let before = await workedMs();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, quietMs));
    const now = await workedMs();
    if (now - before < 2) return now;
    before = now;
  }
}
