// Pictures of the report for the README: a store is named, in which there is a month.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { chromiumOptions } from './chromium.js';
import { freePort, root } from './support.js';

const PICTURES = [
  { file: 'report.png', query: 'period=7d&metric=revenue', width: 1280, height: 1000, colorScheme: 'light' },
  { file: 'phone.png', query: 'period=7d', width: 390, height: 1000, colorScheme: 'dark' },
];

const port = await freePort();
const words = ['--listen', `127.0.0.1:${port}`, '--store', process.argv[2], '--www', join(root, 'www')];
words.push('--time-zone', 'Europe/Berlin', '--goal', 'Newsletter=sign_up');
const collector = spawn(join(root, 'target/debug/shopbell-collector'), words, { stdio: ['ignore', 'pipe', 'inherit'] });
await new Promise((resolve) => collector.stdout.once('data', resolve));
const browser = await chromium.launch(chromiumOptions);
for (const { file, query, width, height, colorScheme } of PICTURES) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  await page.goto(`http://127.0.0.1:${port}/report/?${query}`);
  await page.locator('.chart svg').waitFor();
  await page.screenshot({ path: join(root, 'www/report', file) });
}
await browser.close();
collector.kill();
