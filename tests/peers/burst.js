// What a thousand calls in a loop with five properties each cost the page, unslowed: milliseconds that the main thread works until
// the loop's task is over, and until all is delivered. Trackers take turns.

import { fresh, launch, median, PEERS, quiet, withServer } from './browser.js';

const ROUNDS = 7;
const CALLS = 1000;
const REQUESTS_MAX = 21;

const all = ['shopbell', ...PEERS];
const returned = Object.fromEntries(all.map((name) => [name, []]));
const drained = Object.fromEntries(all.map((name) => [name, []]));
const sent = Object.fromEntries(all.map((name) => [name, []]));
const browser = await launch();
await withServer(async (url, requests) => {
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of all) {
      const { context, page, workedMs } = await fresh(browser);
      await page.goto(`${url}/${name}`);
      await page.waitForFunction(() => window.peer ?? window.shopbell?.session());
      await page.evaluate(() => window.shopbell?.flush());
      const before = await quiet(workedMs, 1500);
      const requestsBefore = requests();
      await page.evaluate((calls) => {
        const { track } = window.peer ?? window.shopbell;
        for (let nth = 0; nth < calls; nth++) {
          track('view_item', { item_id: `sku-${nth}`, price: 19.9, currency: 'EUR', position: nth, list: 'home' });
        }
      }, CALLS);
      returned[name].push((await workedMs()) - before);
      await page.evaluate(() => window.shopbell?.flush());
      drained[name].push((await quiet(workedMs, 2500)) - before);
      sent[name].push(requests() - requestsBefore);
      await context.close();
    }
    process.stderr.write(`\rround ${round + 1} of ${ROUNDS}`);
  }
});
await browser.close();
process.stderr.write('\n');

console.log(
  `| ${CALLS} calls in a loop, median of ${ROUNDS} | ms until they return | of Faro's | ms until drained | of Faro's | requests |`,
);
console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
const of = (figures, name) => median(figures[name]) / median(figures.faro);
for (const name of all) {
  const [back, through] = [returned, drained].map(
    (figures) => `${median(figures[name]).toFixed(0)} | ${of(figures, name).toFixed(2)}`,
  );
  console.log(`| ${name} | ${back} | ${through} | ${median(sent[name])} |`);
}
const [back, through] = [of(returned, 'shopbell'), of(drained, 'shopbell')];
if (back > 0.5 || through > 0.8 || median(sent.shopbell) > REQUESTS_MAX) {
  console.error(
    `over budget: ${back.toFixed(2)} of Faro's to return (0.5), ${through.toFixed(2)} until drained (0.8), ${median(sent.shopbell)} requests (${REQUESTS_MAX})`,
  );
  process.exit(1);
}
