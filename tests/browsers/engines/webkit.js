// WebKitGTK through its WebDriver, on a display of its own since it has no headless mode. An automated one is always private.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Builder } from 'selenium-webdriver';
import { freePort, MIDDAY, until } from '../support.js';

const DRIVER = process.env.WEBKIT_DRIVER || '/usr/bin/WebKitWebDriver';
const SCRIPT_MS = 30_000;

async function display() {
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const [number] = await once(server.stdio[3], 'data');
  return { server, name: `:${`${number}`.trim()}` };
}

class Tab {
  constructor(browser, handle) {
    this.browser = browser;
    this.handle = handle;
  }
  /** Waits for the page's end of loading, as the driver is told not to: some pages here never end. */
  async goto(url) {
    await this.browser.within(this.handle, (driver) => driver.get(url));
    const there = (url) => location.href === url && document.readyState === 'complete';
    await until(`${url} is loaded`, () => this.run(there, url).catch(() => false));
  }
  async run(script, ...parameters) {
    const answer = await this.browser.within(this.handle, (driver) =>
      driver.executeAsyncScript(
        `const done = arguments[arguments.length - 1];
        (async () => (${script})(...[].slice.call(arguments, 0, -1)))().then((value) => done({ value }), (error) => done({ error: String(error) }));`,
        ...parameters,
      ),
    );
    if (answer.error) throw new Error(answer.error);
    return answer.value ?? undefined;
  }
  press(key) {
    return this.browser.within(this.handle, (driver) => driver.actions().sendKeys(key).perform());
  }
  close() {
    return this.browser.within(this.handle, (driver) => driver.close());
  }
}

class Browser {
  name = 'WebKitGTK';
  #turn = Promise.resolve();

  /** The driver has one tab in hand at a time. */
  within(handle, act) {
    const result = this.#turn.then(async () => {
      await this.driver.switchTo().window(handle);
      return act(this.driver);
    });
    this.#turn = result.catch(() => {});
    return result;
  }
  async version() {
    return (await this.driver.getCapabilities()).get('browserVersion');
  }
  /** Opens a window in view, or a tab that is not. */
  open(kind = 'window') {
    return this.within(this.first, async (driver) => {
      await driver.switchTo().newWindow(kind);
      return new Tab(this, await driver.getWindowHandle());
    });
  }
  async close() {
    await this.driver.quit();
    this.process.kill();
    this.display.kill();
  }
}

/** The driver, once it listens. */
async function driver(port, DISPLAY) {
  const driver = spawn(DRIVER, [`--port=${port}`], { env: { ...process.env, DISPLAY, TZ: MIDDAY }, stdio: 'ignore' });
  await until('the driver listens', () => fetch(`http://127.0.0.1:${port}/status`).catch(() => null));
  return driver;
}

export async function webkit() {
  const browser = new Browser();
  const { server, name } = await display();
  browser.display = server;
  const port = await freePort();
  browser.process = await driver(port, name);
  const builder = new Builder().usingServer(`http://127.0.0.1:${port}`);
  browser.driver = await builder.withCapabilities({ browserName: 'MiniBrowser', pageLoadStrategy: 'none' }).build();
  await browser.driver.manage().setTimeouts({ script: SCRIPT_MS });
  browser.first = await browser.driver.getWindowHandle();
  return browser;
}
