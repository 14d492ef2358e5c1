// For pages that call shopbell before its async script is there: keeps what is called, as facts. Once the script is there, a
// call through the stub goes on to it. Every call but `flush` returns nothing: React takes what an effect returns for its
// clean-up.

import { factsNow, keepCall, leave } from './early.js';

// An element with this id is no tracker.
if (!window.shopbell?.track) {
  let facts = factsNow(4e4);
  let flushes = [];
  let stub = /** @type {any} */ ({ facts: [facts, flushes] });
  for (let method of 'checkoutPending track page session newSession forget flush identify consent'.split(' '))
    stub[method] = (first, second) =>
      window.shopbell != stub
        ? window.shopbell[method](first, second)
        : method == 'flush'
          ? new Promise((resolve) => setTimeout(resolve, 9999, flushes.push(resolve)))
          : method == 'session'
            ? null
            : keepCall(facts, method, first, second);
  window.shopbell = stub;
  addEventListener('pagehide', () => {
    if (window.shopbell == stub)
      leave(facts, /** @type {HTMLElement} */ (document.querySelector('[data-collector]'))?.dataset);
  });
}
