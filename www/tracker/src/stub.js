// For pages that call shopbell before its async script is there: keeps the calls, each with its own times.
(function (w) {
  if (w.shopbell) return;
  var q = [], stub = (w.shopbell = { q: q, session: function () { return null; } });
  ['track', 'page', 'newSession', 'flush'].map(function (method) {
    stub[method] = function () {
      var args = [].slice.call(arguments);
      return new Promise(function (resolve) {
        q.push([method, Date.now(), performance.now(), method == 'flush' ? [resolve] : (resolve(), args)]);
      });
    };
  });
})(window);
