// The collector behind nginx and Caddy, by the recipes of src/collector/deploy: everything of it under /stats/, a first-party path.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Collector, close, freePort, launch, root, until } from './support.js';

const TOKEN = 'a token that nobody guesses';
const SHOP = '<!doctype html><title>A shop</title><h1>Lamps</h1>';

let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shopbell-proxies-'));
  await mkdir(join(folder, 'shop'));
  await writeFile(
    join(folder, 'shop/index.html'),
    `${SHOP}<script async src="/stats/shopbell.js" data-collector="/stats/collect" data-site="shop"></script>`,
  );
});
after(async () => {
  await close();
  await rm(folder, { recursive: true });
});

const recipe = async (name, port) =>
  (await readFile(join(root, 'src/collector/deploy', name), 'utf8')).replaceAll('127.0.0.1:8787', `127.0.0.1:${port}`);

/** How each server is told to be the shop's, with the recipe inside. */
const servers = {
  NGINX: async (port, collector) => {
    const file = join(folder, 'nginx.conf');
    await writeFile(
      file,
      `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr warn; events {}
http {
  access_log off; types { text/html html; }
  client_body_temp_path ${folder}/bodies; proxy_temp_path ${folder}/answers;
  fastcgi_temp_path ${folder}/1; uwsgi_temp_path ${folder}/2; scgi_temp_path ${folder}/3;
  server { listen 127.0.0.1:${port}; root ${folder}/shop; ${await recipe('nginx.conf', collector)} }
}`,
    );
    return ['-c', file, '-p', folder];
  },
  CADDY: async (port, collector) => {
    const file = join(folder, 'Caddyfile');
    await writeFile(
      file,
      `{
	admin off
	auto_https off
}
http://127.0.0.1:${port} {
	root * ${folder}/shop
	${await recipe('Caddyfile', collector)}
	file_server
}
`,
    );
    return ['run', '--config', file, '--adapter', 'caddyfile'];
  },
};

async function behind(variable, words) {
  const collector = await Collector.start(undefined, words);
  const port = await freePort();
  const server = spawn(process.env[variable], await servers[variable](port, collector.port), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  let said = '';
  server.stderr.on('data', (text) => (said += text));
  const url = `http://127.0.0.1:${port}`;
  await until('the proxy listens', async () => {
    assert.equal(server.exitCode, null, said);
    return fetch(url).catch(() => false);
  });
  return {
    url,
    collector,
    async stop() {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill();
      await ended;
      await collector.stop();
    },
  };
}

for (const variable of Object.keys(servers)) {
  const skip = !process.env[variable] && `${variable} names no server`;

  test(`${variable}: a visit is told, its owner signs in and sees it`, { skip }, async () => {
    const { url, collector, stop } = await behind(variable, ['--token', TOKEN, '--client-header', 'X-Forwarded-For']);
    const browser = await launch();
    const context = await browser.newContext();
    const page = await context.newPage();
    const asked = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${url}/`);
    await page.waitForFunction(() => window.shopbell?.session?.());
    await page.evaluate(() =>
      window.shopbell.track('purchase', { transaction_id: 'A-1', value: 59.9, currency: 'EUR' }),
    );
    await page.evaluate(() => window.shopbell.flush());
    assert.ok(
      asked.every((one) => one.startsWith(url)),
      'nothing else is asked',
    );

    const report = await context.newPage();
    const errors = [];
    report.on('pageerror', (error) => errors.push(error.message));
    report.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await report.goto(`${url}/stats/report`);
    assert.equal(report.url(), `${url}/stats/sign-in`);
    await report.getByLabel('Token').fill('not the token of this one');
    await report.getByRole('button').click();
    await report.getByRole('alert').waitFor();
    assert.deepEqual(errors.splice(0).length, 1, 'the browser itself notes the refusal');
    await report.getByLabel('Token').fill(TOKEN);
    await report.getByRole('button').click();
    await report.waitForURL(`${url}/stats/report/`);
    // What drives this browser is a machine.
    await report.getByLabel('of bots').check();
    await report.locator('#figures dd', { hasText: '€59.90' }).first().waitFor();
    await report.locator('#latest summary').click();
    await report.locator('#latest td', { hasText: 'purchase' }).first().waitFor();
    assert.deepEqual(errors, []);
    const [cookie] = await context.cookies();
    assert.deepEqual([cookie.path, cookie.httpOnly, cookie.sameSite], ['/stats', true, 'Strict']);
    await context.close();

    const authorization = { authorization: `Bearer ${TOKEN}` };
    const sessions = await (await fetch(`${url}/stats/api/sessions`, { headers: authorization })).json();
    assert.deepEqual([sessions.length, sessions[0].revenue], [1, 59.9]);
    assert.equal((await fetch(`${url}/stats/api/sessions`)).status, 401);
    assert.equal((await fetch(`${url}/stats/healthz`)).status, 200);
    assert.equal((await fetch(`${url}/stats/collect`, { method: 'POST', body: 'x'.repeat(300_000) })).status, 413);
    assert.ok(!collector.log.includes('127.0.0.1'), 'no address in its log');
    await stop();
  });

  test(`${variable}: scripts come compressed, and are not sent again while they are the same`, { skip }, async () => {
    const { url, stop } = await behind(variable, []);
    const script = `${url}/stats/shopbell.js`;
    const ask = (headers, path = script) => fetch(path, { headers });
    const plain = await (await ask({ 'accept-encoding': 'identity' })).text();
    await until(
      'the smallest is made',
      async () => (await ask({ 'accept-encoding': 'br' })).headers.get('content-encoding') === 'br',
    );
    for (const encoding of ['br', 'gzip', 'gzip, deflate, br, zstd']) {
      const answer = await ask({ 'accept-encoding': encoding });
      assert.ok(encoding.includes(answer.headers.get('content-encoding')), encoding);
      assert.equal(await answer.text(), plain);
      const tag = answer.headers.get('etag');
      assert.equal((await ask({ 'accept-encoding': encoding, 'if-none-match': tag })).status, 304, encoding);
    }
    const { version } = JSON.parse(await readFile(join(root, 'www/tracker/dist/package.json'), 'utf8'));
    const named = await ask({}, `${url}/stats/v${version}/shopbell.js`);
    assert.equal(await named.text(), plain);
    assert.match(named.headers.get('cache-control'), /immutable/);
    assert.match((await ask({})).headers.get('cache-control'), /max-age=300$/);
    await stop();
  });

  test(`${variable}: a client that tells too much is told apart by what the proxy says of it`, { skip }, async () => {
    const { url, stop } = await behind(variable, ['--rate', '1', '--client-header', 'X-Forwarded-For']);
    const post = () => fetch(`${url}/stats/collect`, { method: 'POST', body: '{}' });
    await until('it is too much', async () => (await post()).status === 429);
    // What a client says of itself stands before what the proxy says.
    const lie = { method: 'POST', body: '{}', headers: { 'x-forwarded-for': '198.51.100.7' } };
    assert.equal((await fetch(`${url}/stats/collect`, lie)).status, 429);
    await stop();
  });
}

test('a prefix may stay, where no proxy takes it away', async (context) => {
  const collector = await Collector.start(undefined, ['--prefix', '/stats']);
  context.after(() => collector.stop());
  const get = async (path) => (await fetch(`${collector.url}${path}`)).status;
  assert.deepEqual(
    [
      await get('/stats/shopbell.js'),
      await get('/stats/api/report'),
      await get('/stats/report/'),
      await get('/stats/healthz'),
    ],
    [200, 200, 200, 200],
  );
  assert.deepEqual([await get('/api/report'), await get('/shopbell.js')], [404, 404]);
  const browser = await launch();
  const page = await browser.newPage();
  await page.goto(`${collector.url}/stats/report`);
  assert.equal(page.url(), `${collector.url}/stats/report/`);
  await page.getByText('No session yet').waitFor();
  await page.close();
});
