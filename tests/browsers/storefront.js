// A shop's own server: its pages, the tracker's files, and the way to its collector, which notes what passes.

import { readFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { page, root, Wire } from './support.js';

const FILES = { '/shopbell.js': 'text/javascript', '/index.js': 'text/javascript' };

/** Each has an origin of its own, so what a browser keeps of one is not seen by another: a profile a test. */
export class Storefront {
  /** `pages` says what stands on a path: the attributes, what comes before the tag and what after it. */
  static async start(collector, pages = {}) {
    const storefront = new Storefront();
    storefront.collector = collector;
    storefront.pages = pages;
    storefront.wire = new Wire();
    storefront.server = createServer((asked, answer) => storefront.#answer(asked, answer));
    await new Promise((resolve) => storefront.server.listen(0, '127.0.0.1', resolve));
    storefront.url = `http://127.0.0.1:${storefront.server.address().port}`;
    return storefront;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async #answer(asked, answer) {
    const { pathname } = new URL(asked.url, this.url);
    if (pathname == '/collect') return this.#collect(asked, answer);
    if (pathname == '/held.js') return; // It never comes.
    const type = FILES[pathname];
    if (type) {
      const file = await readFile(join(root, 'www/tracker/dist', pathname));
      return answer.writeHead(200, { 'content-type': type, 'cache-control': 'max-age=600' }).end(file);
    }
    answer.writeHead(200, { 'content-type': 'text/html' }).end(page(this.pages[pathname]));
  }

  /** Passes a body on as it is. A collector that does not answer is a connection that breaks. */
  async #collect(asked, answer) {
    const chunks = [];
    for await (const chunk of asked) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    this.wire.note(body);
    const { method, headers } = asked;
    const passed = request(`${this.collector.url}/collect`, { method, headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    passed.end(body);
  }
}
