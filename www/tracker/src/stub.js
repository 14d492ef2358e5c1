// For pages that call shopbell before its async script is there: keeps the calls, each with its own times. A call
// through the stub once the script is there goes on to it, a flush settles even if the script never comes, and if the
// page is left before that, the stub tells what it kept.

import { leave } from './leave.js';

((w) => {
  if (w.shopbell) return;
  const q = [];
  const stub = (w.shopbell = { q, session: () => (w.shopbell == stub ? null : w.shopbell.session()) });
  for (const method of ['track', 'page', 'newSession', 'checkoutPending', 'flush'])
    stub[method] = (...args) =>
      w.shopbell != stub
        ? w.shopbell[method](...args)
        : new Promise((resolve) => {
            const isFlush = method == 'flush';
            setTimeout(resolve, isFlush ? 1e4 : 0);
            q.push([method, Date.now(), performance.now(), isFlush ? [resolve] : args]);
          });
  addEventListener('pagehide', () => {
    const tag = document.querySelector('[data-collector]');
    if (tag && w.shopbell == stub) leave(tag.dataset, q.splice(0));
  });
})(window);
