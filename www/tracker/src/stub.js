// For pages that call shopbell before its async script is there: keeps the calls, each with its own times. A call
// through the stub once the script is there goes on to it, and a flush settles even if the script never comes.
(function (w) {
  if (w.shopbell) return;
  var q = [], stub = (w.shopbell = { q: q, session: function () { return w.shopbell == stub ? null : w.shopbell.session(); } });
  ['track', 'page', 'newSession', 'checkoutPending', 'flush'].map(function (method) {
    stub[method] = function () {
      var args = [].slice.call(arguments);
      if (w.shopbell != stub) return w.shopbell[method].apply(0, args);
      return new Promise(function (resolve) {
        setTimeout(resolve, method == 'flush' ? 1e4 : 0);
        q.push([method, Date.now(), performance.now(), method == 'flush' ? [resolve] : args]);
      });
    };
  });
})(window);
