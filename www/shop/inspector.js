// The inspector: the live session, what waits, what leaves and how it is answered; and ways to make a session roll.

const REFRESH_MS = 500;
const BEACONS = 6;

const panel = document.createElement('details');
panel.className = 'inspector';
panel.open = matchMedia('(min-width: 60rem)').matches;
panel.innerHTML = `
  <summary><b id="i-title">no session yet</b><span id="i-waiting"></span></summary>
  <div class="inside">
    <dl id="i-facts"></dl>
    <h3>Beacons</h3><ol id="i-beacons" aria-live="off"></ol>
    <h3>Arrive from</h3>
    <div class="buttons">
      <button data-go="/p/lamp?utm_source=facebook&utm_medium=cpc&utm_campaign=autumn&fbclid=demo">a Facebook ad</button>
      <button data-go="/c/textiles?utm_source=newsletter&utm_medium=email&utm_campaign=november">a newsletter</button>
      <button data-go="/?utm_source=google&utm_medium=organic">a search</button>
    </div>
    <h3>Move the clock</h3>
    <div class="buttons">
      <button data-move="31">by 31 minutes</button>
      <button data-move="midnight">to just past midnight</button>
      <button data-call="newSession">new session</button>
      <button data-call="checkoutPending">leave to pay</button>
    </div>
    <p id="i-note" role="status"></p>
  </div>`;
document.body.append(panel);
const at = (id) => panel.querySelector(id);

const two = (number) => String(number).padStart(2, '0');
function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return (h ? `${h}:${two(m)}` : m) + `:${two(s)}`;
}

let shownId;
function refresh() {
  const session = shopbell.session();
  if (!session) return;
  const { source, totals } = session;
  at('#i-title').textContent = `session ${session.number} · ${source.source}`;
  at('#i-waiting').textContent = session.waiting ? `${session.waiting} waiting` : '';
  const facts = {
    id: session.id.slice(0, 8),
    reason: session.reason,
    source: [source.source, source.medium, source.campaign].filter(Boolean).join(' / '),
    'first, last source': [session.first_touch, session.last_non_direct].map((one) => one?.source ?? 'none').join(', '),
    'landing page': session.landing_page,
    age: span(Date.now() - session.started_at),
    'ends in': span(session.expires_at - Date.now()),
    'pages, events': `${totals.page_views}, ${totals.events}`,
    funnel: totals.funnel_step,
    orders: totals.transactions ? `${totals.transactions}, ${totals.revenue} ${totals.currency}` : '0',
    'waiting, sent': `${session.waiting}, ${session.sent}`,
    storage: session.storage,
  };
  if (session.dropped) facts.dropped = session.dropped;
  at('#i-facts').replaceChildren(
    ...Object.entries(facts).flatMap(([name, value]) => {
      const [term, description] = [document.createElement('dt'), document.createElement('dd')];
      term.textContent = name;
      description.textContent = value;
      if (name === 'id') description.title = session.id;
      if (name === 'id' && shownId && shownId !== session.id) description.className = 'new';
      return [term, description];
    }),
  );
  if (shownId !== session.id) at('#i-note').textContent = '';
  shownId = session.id;
}
setInterval(() => document.visibilityState === 'visible' && refresh(), REFRESH_MS);

/** What a body is of: it may be of any format, and compressed. */
async function describe(body) {
  const isCompressed = typeof body != 'string';
  const plain = isCompressed ? new Blob([body]).stream().pipeThrough(new DecompressionStream('gzip')) : body;
  const batch = await new Response(plain).json().catch(() => ({}));
  const events = batch.events?.length;
  const size = `${(new Blob([body]).size / 1024).toFixed(1)} KiB${isCompressed ? ' gzip' : ''}`;
  return [events && `${events} event${events === 1 ? '' : 's'}`, size, batch.delivery?.flush]
    .filter(Boolean)
    .join(', ');
}

// Beacons are seen where they leave: the page's own fetch. They leave at once; what is shown of them comes after.
const { fetch } = window;
window.fetch = async (url, options) => {
  const began = performance.now();
  const answered = fetch(url, options);
  if (!String(url).endsWith('/collect')) return answered;
  const row = document.createElement('li');
  const [what, answer] = [document.createElement('span'), document.createElement('span')];
  answer.textContent = '…';
  row.append(what, answer);
  at('#i-beacons').prepend(row);
  while (at('#i-beacons').children.length > BEACONS) at('#i-beacons').lastChild.remove();
  describe(options.body).then((text) => (what.textContent = text));
  try {
    const response = await answered;
    answer.textContent = `${response.status} in ${Math.round(performance.now() - began)} ms`;
    answer.className = response.ok ? 'good' : 'bad';
    return response;
  } catch (error) {
    answer.textContent = 'no answer';
    answer.className = 'bad';
    throw error;
  } finally {
    refresh();
  }
};

/** Begins a session just before midnight, so that nothing but midnight ends it, and goes just past it. */
function passMidnight() {
  const now = new Date();
  demoClock.move(new Date(now.getFullYear(), now.getMonth(), now.getDate(), 23, 59, 55) - now);
  shopbell.newSession();
  demoClock.move(6000);
}

panel.addEventListener('click', ({ target }) => {
  const { go, move, call } = target.dataset;
  if (go) location.assign(go);
  if (move) {
    if (move === 'midnight') passMidnight();
    else demoClock.move(move * 60_000);
    const clock = new Date().toLocaleString([], { weekday: 'short', hour: '2-digit', minute: '2-digit' });
    at('#i-note').textContent = `It is now ${clock}. Scroll, click or type: your next act begins a new session.`;
  }
  if (call) shopbell[call]();
  refresh();
});
refresh();
