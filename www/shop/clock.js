// The demo's clock: the page's Date, moved by as much as the inspector's buttons ask. It lasts as long as the tab.
(() => {
  const KEY = 'demo.clock';
  const RealDate = Date;
  let moved = 0;
  try {
    moved = Number(sessionStorage.getItem(KEY)) || 0;
  } catch {}
  window.Date = class extends RealDate {
    constructor(...parts) {
      if (parts.length) super(...parts);
      else super(RealDate.now() + moved);
    }
    static now() {
      return RealDate.now() + moved;
    }
  };
  window.demoClock = {
    get movedMs() {
      return moved;
    },
    move(ms) {
      moved += ms;
      try {
        sessionStorage.setItem(KEY, moved);
      } catch {}
    },
  };
})();
