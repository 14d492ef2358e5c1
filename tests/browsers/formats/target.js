// A server that records what it gets and answers as it is told: the target of a wire format, or a site with its script.

import { createServer } from 'node:http';

/** Lets any page post whatever it says it will. */
const ANY = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*, authorization',
  'access-control-allow-methods': '*',
};

export class Target {
  /** Every request with a body: path, headers, body. */
  requests = [];
  /** How many preflights there were. */
  preflights = 0;
  /** What it answers: a status, a body and more headers; nothing for no answer at all. */
  answer = () => ({ status: 200, body: '{}' });

  /** What it gives to whom asks for a path, if it is a site: a type and a body. */
  page = () => ({ type: 'text/plain', body: '' });

  static async start() {
    const target = new Target();
    target.server = createServer((request, response) => target.#take(request, response));
    await new Promise((resolve) => target.server.listen(0, '127.0.0.1', resolve));
    target.port = target.server.address().port;
    target.url = `http://127.0.0.1:${target.port}`;
    return target;
  }

  async #take(incoming, response) {
    if (incoming.method === 'OPTIONS') {
      this.preflights += 1;
      response.writeHead(204, ANY).end();
      return;
    }
    if (incoming.method === 'GET') {
      const { type, body } = this.page(incoming.url);
      response.writeHead(200, { 'content-type': type }).end(body);
      return;
    }
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const request = { path: incoming.url, headers: incoming.headers, body: `${Buffer.concat(chunks)}` };
    this.requests.push(request);
    const answer = await this.answer(request, this.requests.length);
    if (!answer) return response.destroy();
    response.writeHead(answer.status, { ...ANY, ...answer.headers }).end(answer.body);
  }

  get bodies() {
    return this.requests.map(({ body }) => JSON.parse(body));
  }

  stop() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    return closed;
  }
}
