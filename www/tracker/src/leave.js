// The loader alone: what a page was called for before there was a tracker, told as the page is left. Of sessions it knows
// what is stored, inactivity, and how to begin a device's first, which the next page's tracker then goes on with. Lines
// are those of record.rs, under a seal that the loader need not work out: seed, totals, what the session began with,
// three sources.

/** Posts calls, each as [method, wall, uptime, arguments]. Options are as a page gives them, or as text. */
export function leave({ collector, site, timeoutMinutes = 30, autocapture, storage, gpc, consent, beforeSend }, calls) {
  const id = () => 'xxxxxxxx-xxxx-8xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, () => ((Math.random() * 16) | 0).toString(16));
  const { host, hostname, pathname, search, href } = location;
  const time = Date.now();
  const call = (method, name) => calls.unshift([method, time, performance.now(), [name]]);
  if (!collector || consent || beforeSend || (gpc != 'ignore' && (navigator.globalPrivacyControl || navigator.doNotTrack == 1))) return;
  if (!/false/.test(autocapture)) call('page');
  let kept = {};
  try {
    if (storage != 'memory') kept = localStorage;
  } catch {}
  let lines = kept.shopbell?.split('\n') ?? [];
  if (!(time - lines[7] < timeoutMinutes * 6e4)) {
    const utm = (name, or = '') => new URLSearchParams(search).get('utm_' + name) || or;
    const from = document.referrer.split('/')[2];
    const by = from == host ? '' : from;
    const own = [utm('source', by || '(direct)').toLowerCase(), utm('medium', by ? 'referral' : '(none)'), utm('campaign'), '', '', '', '', ''];
    const last = lines[11] ?? '';
    const begun = [id(), lines[12] ?? id(), last, +(lines[14] ?? 0) + 1, time, last ? 'inactivity' : 'first', 9e4, pathname];
    // The third is the latest that was not (direct).
    lines = ['shopbell/3 0', id(), 1, 1, 0, 0, 0, time, 0, 0, '', ...begun, ...own, ...own, ...(own[0][0] == '(' ? [] : own), ''];
    call('track', 'session_start');
  }
  const events = calls
    .filter(([method]) => /^(track|page)$/.test(method))
    .map(([method, time, uptime, [name, props]]) => ({
      id: id(), name: method == 'page' ? 'page_view' : name, time, offset_ms: uptime | 0, url: href, props,
    }));
  const [, , number, started_at, reason, , landing_page, source, medium, campaign] = lines.slice(12);
  const body = JSON.stringify({
    schema: 'shopbell/1', tracker: 'loader', site: site ?? hostname, sent_at: time, device: { id: lines[12] },
    session: { id: lines[11], number: +number, started_at: +started_at, reason, landing_page, source: { source, medium, campaign } },
    events,
  });
  if (lines[16] == 'first' && !kept.shopbell) {
    try {
      kept.shopbell = lines.join('\n');
    } catch {}
  }
  fetch(collector, { method: 'POST', body, keepalive: true, credentials: 'omit' }).catch(() => {});
}
