// What a tracker's start costs the page: milliseconds that the main thread works, four times slowed, over a blank page, in the
// page's first seconds; and the longest task. Trackers take turns, so that a busy machine is busy for all.

import { fresh, launch, median, PEERS, withServer } from './browser.js';

const ROUNDS = 9;
const SLOWED = 4;
const LONG_MS = 50;
const OBSERVED_MS = 3000; // by then all have begun; a slow machine is never quiet

const all = ['blank', 'shopbell', ...PEERS];
const worked = Object.fromEntries(all.map((name) => [name, []]));
const longest = Object.fromEntries(all.map((name) => [name, []]));
const browser = await launch();
await withServer(async (url) => {
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of all) {
      const { context, page, devtools, workedMs } = await fresh(browser);
      await devtools.send('Emulation.setCPUThrottlingRate', { rate: SLOWED });
      await page.addInitScript(() => {
        window.longTasks = [];
        new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration))).observe(
          { type: 'longtask' },
        );
      });
      await page.goto(`${url}/${name}`);
      await new Promise((resolve) => setTimeout(resolve, OBSERVED_MS));
      worked[name].push(await workedMs());
      longest[name].push(Math.max(0, ...(await page.evaluate(() => longTasks))));
      await context.close();
    }
    process.stderr.write(`\rround ${round + 1} of ${ROUNDS}`);
  }
});
await browser.close();
process.stderr.write('\n');

const blank = median(worked.blank);
const cost = Object.fromEntries(all.map((name) => [name, median(worked[name]) - blank]));
console.log(
  `| start, main thread ${SLOWED}x slowed, median of ${ROUNDS} | ms over blank | of Snowplow's | longest task, ms (0: none over ${LONG_MS}) |`,
);
console.log('| --- | ---: | ---: | ---: |');
for (const name of all.slice(1)) {
  console.log(
    `| ${name} | ${cost[name].toFixed(0)} | ${(cost[name] / cost.snowplow).toFixed(2)} | ${median(longest[name]).toFixed(0)} |`,
  );
}
const ratio = cost.shopbell / cost.snowplow;
const task = median(longest.shopbell) - (median(longest.blank) || 0);
if (ratio > 0.5 || task > LONG_MS) {
  console.error(`over budget: ${ratio.toFixed(2)} of Snowplow's (0.5), a task of ${task.toFixed(0)} ms (${LONG_MS})`);
  process.exit(1);
}
