// The example to keep in mind: an ad on Facebook, four products of a home-goods shop in twelve minutes, an order; next evening
// the same visitor returns directly and browses eight minutes.

import { EVENING, flush, open, ready, session, until } from './support.js';

const MINUTE = 60_000;

/** Whether events of any page wait in storage. */
const isKept = (page) => page.evaluate(() => Object.keys(localStorage).some((key) => /^shopbell\.\w+\.\d/.test(key)));

/**
 * Flushes until nothing waits, in the page or of the pages before it, whose events it takes over by and by. A request that is in flight while the clock leaps counts as failed, and is tried again
 * when its wait, on the page's clock, is over.
 */
export const deliver = (context, page) =>
  until('all is delivered', async () => {
    await flush(page);
    if (!(await session(page)).waiting && !(await isKept(page))) return true;
    await context.clock.fastForward(2000);
  });

/** Makes the two visits in a profile whose clock stands still in the EVENING, and shows each page to `look`. */
export async function example(context, url, look = async () => {}) {
  const pass = (ms) => context.clock.fastForward(ms);
  const page = await open(context, `${url}/p/lamp?utm_source=facebook&utm_medium=cpc&utm_campaign=autumn&fbclid=x`);
  await look(page);
  for (const product of ['throw', 'rug', 'mugs']) {
    await pass(4 * MINUTE);
    await page.goto(`${url}/p/${product}`);
    await ready(page);
    await look(page);
  }
  await page.click('#add');
  await page.click('#added a');
  await page.click('text=Check out');
  await look(page);
  await page.click('text=Place the order');
  await page.waitForSelector('#order-id');
  await ready(page);
  await deliver(context, page);
  await look(page);
  await page.close();

  await context.clock.setSystemTime(new Date(EVENING.getTime() + 24 * 60 * MINUTE));
  const next = await open(context, `${url}/`);
  await pass(8 * MINUTE);
  await next.click('a[href="/p/teapot"]');
  await deliver(context, next);
  await look(next);
}
