// The report: the totals of a period, and the latest sessions with their events. Live: asked for again and again,
// drawn again when something changed.

import * as Plot from '@observablehq/plot';

const REFRESH_MS = 2000;
const LATEST = 50;
const DAY_MS = 864e5;

const at = (id) => document.getElementById(id);
const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

const count = new Intl.NumberFormat('en');
const decimal = new Intl.NumberFormat('en', { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });
const time = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const words = (name) => name.replaceAll('_', ' ');

function money(value, currency) {
  if (!currency) return decimal.format(value);
  try {
    return new Intl.NumberFormat('en-IE', { style: 'currency', currency }).format(value);
  } catch {
    return `${decimal.format(value)} ${currency}`;
  }
}

/** What a session's orders came to; nothing where there are none, or none of a readable value. */
const sold = ({ transactions, unreadable_orders, revenue, currency }) =>
  transactions > unreadable_orders ? money(revenue, currency) : '';

function span(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`;
  return `${Math.floor(seconds / 3600)}h ${Math.floor(seconds / 60) % 60}m`;
}

async function ask(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  // The browser asks with the tag of what it has, so that nothing is told twice.
  const response = await fetch(`../api/${path}?${new URLSearchParams(given)}`);
  if (response.status === 401) location.assign('../sign-in');
  if (!response.ok) throw new Error((await response.json()).error);
  return response.json();
}

function figures(report) {
  const revenues = report.revenues.filter(({ revenue }) => revenue > 0);
  const shown = {
    Sessions: count.format(report.sessions),
    Visitors: count.format(report.visitors),
    'Pages per session': decimal.format(report.pages_per_session),
    'Mean duration': span(report.mean_duration_ms),
    Orders: count.format(report.transactions),
    Conversion: percent.format(report.conversion_rate),
    'Average order': report.transactions ? money(report.average_order_value, report.currency) : '–',
    Revenue: revenues.length ? revenues.map(({ revenue, currency }) => money(revenue, currency)) : money(0),
  };
  if (report.revenues.some(({ refunds }) => refunds > 0)) shown.Net = money(report.net_revenue, report.currency);
  if (report.unreadable_orders) shown['Orders without a value'] = count.format(report.unreadable_orders);
  if (report.order_conflicts) shown['Disputed orders'] = count.format(report.order_conflicts);
  at('figures').replaceChildren(
    ...Object.entries(shown).map(([name, value]) =>
      element(
        'div',
        {},
        element('dt', { textContent: name }),
        ...[value].flat().map((textContent) => element('dd', { textContent })),
      ),
    ),
  );
}

/** Bars with their figures at the end, and the same as a table for those who do not see them. */
function bars(place, rows, { label, name, note }) {
  const longest = Math.max(...rows.map((row) => row[name].length), 1);
  const most = Math.max(...rows.map((row) => row.sessions), 1);
  const chart = Plot.plot({
    width: at(place).clientWidth || 520,
    height: rows.length * 34 + 10,
    marginLeft: Math.min(190, 16 + longest * 7.4),
    marginRight: 90,
    marginTop: 4,
    marginBottom: 4,
    style: { background: 'transparent', fontSize: '13px' },
    x: { axis: null, domain: [0, most] },
    y: {
      domain: rows.map((row) => row[name]),
      label: null,
      tickSize: 0,
      tickFormat: (text) => words(text).slice(0, 26),
    },
    marks: [
      Plot.barX(rows, { x: most, y: name, fill: 'var(--line)', fillOpacity: 0.5, insetTop: 6, insetBottom: 6, rx: 3 }),
      Plot.barX(rows, { x: 'sessions', y: name, fill: 'var(--accent)', insetTop: 6, insetBottom: 6, rx: 3 }),
      Plot.text(rows, { x: most, y: name, text: note, textAnchor: 'start', dx: 8, fill: 'currentColor' }),
    ],
  });
  chart.setAttribute('aria-hidden', 'true');
  const table = element('table', { className: 'hidden' }, element('caption', { textContent: label }));
  for (const row of rows) {
    table.append(
      element(
        'tr',
        {},
        element('th', { scope: 'row', textContent: words(row[name]) }),
        element('td', { textContent: note(row) }),
      ),
    );
  }
  at(place).replaceChildren(chart, table);
}

function charts(report) {
  bars('funnel', report.funnel, {
    label: 'Sessions that reached each step',
    name: 'step',
    note: ({ step, sessions, rate }) =>
      count.format(sessions) + (step === 'visit' || rate === 1 || !sessions ? '' : `  −${percent.format(1 - rate)}`),
  });
  const note = ({ sessions, transactions }) =>
    count.format(sessions) + (transactions ? ` · ${count.format(transactions)} sold` : '');
  bars('channels', report.channels, { label: 'Sessions by channel', name: 'name', note });
  bars('sources', report.sources.slice(0, 8), { label: 'Sessions by source', name: 'name', note });
  bars('landing', report.landing_pages.slice(0, 8), { label: 'Sessions by landing page', name: 'name', note });
}

const open = new Set();

function latest(sessions) {
  const shown = document.activeElement?.closest('details')?.dataset.id;
  at('latest').replaceChildren(...sessions.toReversed().map(row));
  if (shown)
    at('latest')
      .querySelector(`[data-id="${CSS.escape(shown)}"] summary`)
      ?.focus();
}

function row(session) {
  const { source } = session;
  const cell = (text, className = '') => element('span', { textContent: text, className, title: text });
  const funnel = element(
    'span',
    {},
    element('span', { className: `badge ${session.funnel_step}`, textContent: words(session.funnel_step) }),
  );
  const summary = element(
    'summary',
    {},
    cell(time.format(session.began_at)),
    cell([source.source, source.campaign].filter(Boolean).join(' · ')),
    cell(session.landing_page, 'soft wide'),
    cell(span(session.duration_ms), 'number'),
    cell(session.page_views === 1 ? '1 page' : `${session.page_views} pages`, 'number soft wide'),
    funnel,
    cell(sold(session), 'number'),
  );
  const inside = element('div', { className: 'inside' });
  const details = element('details', { open: open.has(session.id) }, summary, inside);
  details.dataset.id = session.id;
  const show = () => events(session, inside);
  if (details.open) show();
  details.addEventListener('toggle', () => {
    if (!details.open) return open.delete(session.id);
    if (open.has(session.id)) return;
    open.add(session.id);
    show();
  });
  return details;
}

async function events(session, place) {
  const facts = [
    `session ${session.number} of ${session.device_id ? `device ${session.device_id.slice(0, 8)}` : 'a device that is not told'}`,
    `began by ${words(session.reason)}`,
    words(session.source.channel ?? 'unassigned'),
    session.source.referrer && `from ${session.source.referrer}`,
    session.bot && `bot: ${session.bot}`,
    session.order_conflicts && 'another device has told its order too',
  ];
  const told = element('p', { className: 'soft', textContent: facts.filter(Boolean).join(', ') });
  place.replaceChildren(told);
  try {
    const list = await ask('events', { site: session.site, session_id: session.id, limit: 500 });
    const head = element(
      'tr',
      {},
      ...['Time', 'Event', 'Page', 'Properties'].map((name) => element('th', { scope: 'col', textContent: name })),
    );
    const rows = list
      .sort((one, other) => one.corrected_time - other.corrected_time || one.seq - other.seq)
      .map((event) => {
        const page = URL.canParse(event.url) ? new URL(event.url).pathname : event.url;
        const props = event.props ? JSON.stringify(event.props) : '';
        return element(
          'tr',
          {},
          element('td', { className: 'soft', textContent: clock.format(event.corrected_time) }),
          element('td', { textContent: words(event.name) }),
          element('td', { className: 'soft', textContent: page }),
          element('td', {
            className: 'soft',
            textContent: props.length > 90 ? `${props.slice(0, 90)}…` : props,
            title: props,
          }),
        );
      });
    place.replaceChildren(told, element('table', { className: 'table' }, head, ...rows));
  } catch (error) {
    told.textContent = `The events could not be read: ${error.message}`;
  }
}

function period() {
  const days = Number(at('period').value);
  if (!days) return {};
  const today = new Date();
  today.setHours(0, 0, 0, 0);
  return { from: today.getTime() - (days - 1) * DAY_MS };
}

const withBots = () => at('bots').querySelector('input');

let drawn = '';

async function refresh() {
  try {
    const bots = withBots().checked;
    const query = { ...period(), bots, site: new URLSearchParams(location.search).get('site') ?? undefined };
    const [report, sessions] = await Promise.all([ask('report', query), ask('sessions', { ...query, limit: LATEST })]);
    at('live').textContent = 'live';
    at('live').className = 'on';
    const answer = JSON.stringify([report, sessions]);
    if (answer === drawn) return;
    drawn = answer;
    at('empty').hidden = report.sessions > 0;
    at('bots').hidden = !report.bots;
    at('bots').querySelector('span').textContent = `with ${count.format(report.bots)} of bots`;
    figures(report);
    charts(report);
    latest(sessions);
  } catch (error) {
    at('live').textContent = `no answer from the collector (${error.message})`;
    at('live').className = '';
  }
}

/** One question after another, and none while nobody looks. */
async function live() {
  if (document.visibilityState === 'visible') await refresh();
  setTimeout(live, REFRESH_MS);
}

for (const choice of ['period', 'bots']) at(choice).addEventListener('change', refresh);
addEventListener('resize', () => {
  drawn = '';
  refresh();
});
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && refresh());
live();
