// Chromium over its own protocol and Firefox over WebDriver BiDi: neither needs a driver.

import puppeteer from 'puppeteer-core';
import { chromiumOptions } from '../chromium.js';
import { MIDDAY } from '../support.js';

const FIREFOX = {
  browser: 'firefox',
  executablePath: process.env.FIREFOX || '/usr/bin/firefox-esr',
};
// The process of a site's last tab may end before its requests have left, beacons included, which no page can help.
const FIREFOX_PREFERENCES = {
  'dom.ipc.keepProcessesAlive.web': 5,
  'dom.ipc.keepProcessesAlive.webIsolated.count': 5,
};
const CHROMIUM = {
  browser: 'chrome',
  ...chromiumOptions,
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
};

class Tab {
  constructor(tab) {
    this.tab = tab;
  }
  goto(url) {
    return this.tab.goto(url, { waitUntil: 'domcontentloaded' });
  }
  /** Runs a function in the page and gives what it returns, or what its promise comes to. */
  run(script, ...parameters) {
    return this.tab.evaluate(script, ...parameters);
  }
  press(key) {
    return this.tab.keyboard.press(key);
  }
  close() {
    return this.tab.close();
  }
}

class Browser {
  constructor(name, browser) {
    this.name = name;
    this.browser = browser;
  }
  async version() {
    return (await this.browser.version()).replace(/^.*\//, '');
  }
  /** Opens a tab in front of the others. */
  async open() {
    return new Tab(await this.browser.newPage());
  }
  close() {
    return this.browser.close();
  }
}

const start = async (name, options) =>
  new Browser(name, await puppeteer.launch({ headless: true, env: { ...process.env, TZ: MIDDAY }, ...options }));

export const chromium = (options) => start('Chromium', { ...CHROMIUM, ...options });
export const firefox = (preferences) =>
  start('Firefox', { ...FIREFOX, extraPrefsFirefox: { ...FIREFOX_PREFERENCES, ...preferences } });
