// The report: what an owner asks of sessions, each view a link and a query of the API.

import { render } from 'preact';
import { useAnswer } from './api.js';
import { ACTIONS, Breakdown, SOURCES } from './breakdown.jsx';
import { Completeness } from './completeness.jsx';
import { Chips, Controls } from './controls.jsx';
import { FunnelView } from './funnel.jsx';
import { Orders } from './orders.jsx';
import { Overview } from './overview.jsx';
import { Products } from './products.jsx';
import { Sessions } from './sessions.jsx';
import { State } from './state.jsx';
import { chosen, Go, useUrl, WithUrl } from './url.jsx';

const VIEWS = {
  overview: { title: 'Overview', show: (report) => <Overview report={report} /> },
  sources: { title: 'Sources', show: () => <Breakdown of={SOURCES} first="source" /> },
  actions: {
    title: 'Pages and goals',
    show: (report) => <Breakdown of={ACTIONS} first="page" goals={report.goals.length} />,
  },
  products: { title: 'Products', show: () => <Products /> },
  funnel: { title: 'Funnel and carts', show: () => <FunnelView /> },
  orders: { title: 'Orders', show: ({ zone }) => <Orders zone={zone} /> },
  sessions: { title: 'Sessions', show: ({ zone, sessions }) => <Sessions zone={zone} total={sessions} /> },
  missing: { title: 'What is missing', show: (report) => <Completeness report={report} /> },
};

function App() {
  const { state } = useUrl();
  const name = VIEWS[state.view] ? state.view : 'overview';
  const { answer: report, failure, isOld } = useAnswer('report', { ...chosen(state), compare: 'true' });
  document.title = `${VIEWS[name].title} · Shopbell`;
  return (
    <>
      <header>
        <h1>Report</h1>
        <Controls report={report} failure={failure} />
        <nav aria-label="Views">
          {Object.entries(VIEWS).map(([view, { title }]) => (
            <Go key={view} to={{ view }} aria-current={view === name ? 'page' : undefined}>
              {title}
            </Go>
          ))}
        </nav>
        <Chips />
      </header>
      <main>
        <State failure={failure} isEmpty={report ? false : undefined} />
        <p id="empty" class="state" hidden={!report || report.sessions > 0}>
          {isOver(state) ? 'No session in this time' : 'No session yet'}
          {state.period !== 'all' && <Elsewhen />}.
        </p>
        {report && <div class={isOld ? 'view old' : 'view'}>{VIEWS[name].show(report)}</div>}
      </main>
    </>
  );
}

/** Whether no session of the time that is chosen can come any more, as far as its name says. */
const isOver = ({ period, from, to }) => from || to || /^last_|^yesterday/.test(period);

function Elsewhen() {
  return (
    <>
      : <Go to={{ period: 'all', from: undefined, to: undefined }}>look at all time</Go>
    </>
  );
}

render(
  <WithUrl>
    <App />
  </WithUrl>,
  document.getElementById('report'),
);
