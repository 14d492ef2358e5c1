// What an owner looks at first: the figures beside those of the time before, a curve, and the largest of everything.

import { Chart, METRICS } from './chart.jsx';
import { change, count, decimal, money, percent, span, words } from './format.jsx';
import { Funnel } from './funnel.jsx';
import { Latest } from './sessions.jsx';
import { Filter, Table } from './table.jsx';
import { Go, useUrl } from './url.jsx';

const ROWS = 7;

/** By how much a figure is another than in the time before. */
function Change({ now, before }) {
  if (before === undefined || before === null || now === before) return null;
  const part = before ? now / before - 1 : undefined;
  const text = part === undefined ? 'new' : change(part);
  return (
    <dd class={`change ${now > before ? 'up' : 'down'}`}>
      {text}
      <span class="unseen"> than in the time before</span>
    </dd>
  );
}

function Figure({ label, value, metric, now, before }) {
  const { state } = useUrl();
  return (
    <div class={metric && metric === state.metric ? 'chosen' : undefined}>
      <dt>
        {metric ? (
          <Go to={{ metric }} aria-current={metric === state.metric ? 'true' : undefined}>
            {label}
          </Go>
        ) : (
          label
        )}
      </dt>
      {[value].flat().map((text) => (
        <dd key={text}>{text}</dd>
      ))}
      <Change now={now} before={before} />
    </div>
  );
}

function Figures({ report }) {
  const { currency } = report;
  const before = report.previous?.sessions ? report.previous : undefined;
  const sold = report.revenues.filter(({ revenue }) => revenue > 0);
  const main = (one) => one.currency === currency;
  const revenue = sold.length ? [...sold.filter(main), ...sold.filter((one) => !main(one))] : [];
  const shown = revenue.slice(0, 3).map((one) => money(one.revenue, one.currency));
  const more = revenue.length > 3 ? [`and ${count(revenue.length - 3)} currencies`] : [];
  // Amounts of another currency are no measure.
  const earlier = before && (before.currency === currency || !before.currency) ? before : undefined;
  return (
    <dl class="figures" id="figures">
      <Figure
        label="Sessions"
        metric="sessions"
        value={count(report.sessions)}
        now={report.sessions}
        before={before?.sessions}
      />
      <Figure
        label="Visitors"
        metric="visitors"
        value={count(report.visitors)}
        now={report.visitors}
        before={before?.visitors}
      />
      <Figure
        label="Orders"
        metric="transactions"
        value={count(report.transactions)}
        now={report.transactions}
        before={before?.transactions}
      />
      <Figure
        label="Conversion"
        metric="conversion_rate"
        value={percent(report.conversion_rate)}
        now={report.conversion_rate}
        before={before?.conversion_rate}
      />
      <Figure
        label="Revenue"
        metric="revenue"
        value={shown.length ? [...shown, ...more] : money(0, currency)}
        now={report.revenue}
        before={earlier?.revenue}
      />
      {report.refunds > 0 && (
        <Figure
          label="Net revenue"
          metric="net_revenue"
          value={money(report.net_revenue, currency)}
          now={report.net_revenue}
          before={earlier?.net_revenue}
        />
      )}
      <Figure
        label="Average order"
        value={report.transactions ? money(report.average_order_value, currency) : '–'}
        now={report.average_order_value}
        before={earlier?.average_order_value || undefined}
      />
      <Figure
        label="Pages per session"
        value={decimal(report.pages_per_session)}
        now={report.pages_per_session}
        before={before?.pages_per_session}
      />
      <Figure
        label="Mean duration"
        value={span(report.mean_duration_ms)}
        now={report.mean_duration_ms}
        before={before?.mean_duration_ms}
      />
      <Figure
        label="One page only"
        value={percent(report.bounce_rate)}
        now={report.bounce_rate}
        before={before?.bounce_rate}
      />
      {report.unreadable_orders > 0 && (
        <Figure label="Orders without a value" value={count(report.unreadable_orders)} />
      )}
      {report.order_conflicts > 0 && <Figure label="Disputed orders" value={count(report.order_conflicts)} />}
    </dl>
  );
}

/** The lists of a report: what each tells sessions apart by, its title and its name. */
const LISTS = [
  ['channel', 'Channels', 'channels'],
  ['source', 'Sources', 'sources'],
  ['campaign', 'Campaigns', 'campaigns'],
  ['landing_page', 'Landing pages', 'landing_pages'],
  ['device', 'Devices', 'devices'],
];

function Largest({ title, by, rows, currency }) {
  const columns = [
    { label: title, name: (row) => <Filter by={by} text={row.name} show={by === 'channel' ? words : undefined} /> },
    { label: 'Sessions', show: (row) => count(row.sessions) },
    { label: 'Orders', show: (row) => count(row.transactions) },
    { label: 'Revenue', show: (row) => money(row.revenue, currency, { maximumFractionDigits: 0 }) },
  ];
  return (
    <section aria-labelledby={`${by}-h`}>
      <h2 id={`${by}-h`}>{title}</h2>
      {rows.length ? (
        <Table
          caption={`${title}: sessions, orders, revenue`}
          columns={columns}
          rows={rows.slice(0, ROWS)}
          keyOf={(row) => row.name}
          bar={(row) => row.sessions}
        />
      ) : (
        <p class="soft">None in this time.</p>
      )}
      <p class="soft">
        <Go to={{ view: 'sources', by }}>All of them</Go>
      </p>
    </section>
  );
}

export function Overview({ report }) {
  const { state } = useUrl();
  const { currency } = report;
  const metric = METRICS[state.metric] ? state.metric : 'sessions';
  return (
    <>
      <Figures report={report} />
      {report.sessions > 0 && (
        <section aria-labelledby="curve-h">
          <h2 id="curve-h">{METRICS[metric].label} over time</h2>
          <Chart report={report} metric={metric} />
        </section>
      )}
      {report.sessions > 0 && (
        <div class="cards">
          <section aria-labelledby="funnel-h">
            <h2 id="funnel-h">Where visitors drop off</h2>
            <Funnel steps={report.funnel} />
            <p class="soft">
              <Go to={{ view: 'funnel' }}>Where they left, and carts</Go>
            </p>
          </section>
          {LISTS.map(([by, title, list]) => (
            <Largest key={by} by={by} title={title} rows={report[list]} currency={currency} />
          ))}
          {report.goals.length > 0 && (
            <section aria-labelledby="goals-h">
              <h2 id="goals-h">Goals</h2>
              <Table
                caption="Goals: sessions that reached them"
                columns={[
                  { label: 'Goal', name: ({ name: goal }) => goal },
                  { label: 'Sessions', show: (row) => count(row.sessions) },
                  { label: 'Of all', show: (row) => percent(row.sessions / report.sessions) },
                ]}
                rows={report.goals}
                keyOf={(row) => row.name}
                bar={(row) => row.sessions}
              />
            </section>
          )}
        </div>
      )}
      <section aria-labelledby="latest-h">
        <h2 id="latest-h">Latest sessions</h2>
        <Latest zone={report.zone} />
      </section>
    </>
  );
}
