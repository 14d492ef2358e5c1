// Sessions by what they have in common.

import { useAnswer } from './api.js';
import { count, decimal, money, Name, percent, span, words } from './format.jsx';
import { State } from './state.jsx';
import { AsFile, Filter, Pages, paged, Search, Table } from './table.jsx';
import { chosen, FILTERS, useUrl } from './url.jsx';

const ATTRIBUTIONS = {
  session: 'this session',
  first_touch: "the device's first session",
  last_non_direct: 'the latest that was not direct',
};
const OF_ORIGIN = ['channel', 'source', 'medium', 'campaign', 'term', 'content'];

/** What each view tells sessions apart by. */
export const SOURCES = { ...FILTERS, visitor: 'New or returning', reason: 'Why it began', site: 'Site' };
export const ACTIONS = { page: 'Page', search: 'Search', event: 'Event', goal: 'Goal' };

const AMOUNTS = (currency) => [
  { label: 'Orders', sort: 'transactions', show: ({ transactions }) => count(transactions) },
  { label: 'Conversion', sort: 'conversion_rate', show: ({ conversion_rate }) => percent(conversion_rate) },
  { label: 'Revenue', sort: 'revenue', show: ({ revenue }) => money(revenue, currency) },
  { label: 'Net', sort: 'net_revenue', show: ({ net_revenue }) => money(net_revenue, currency) },
];
const VISITS = [
  { label: 'Pages', sort: 'pages_per_session', show: ({ pages_per_session }) => decimal(pages_per_session) },
  { label: 'Duration', sort: 'mean_duration_ms', show: ({ mean_duration_ms }) => span(mean_duration_ms) },
  { label: 'One page', sort: 'bounce_rate', show: ({ bounce_rate }) => percent(bounce_rate) },
];

function Choice({ label, name, value, of }) {
  const { go } = useUrl();
  return (
    <label>
      {label}{' '}
      <select name={name} value={value} onChange={({ currentTarget }) => go({ [name]: currentTarget.value })}>
        {Object.entries(of).map(([key, text]) => (
          <option key={key} value={key}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Breakdown({ of, first, goals }) {
  const { state } = useUrl();
  const by = of[state.by] ? state.by : first;
  const query = { ...chosen(state), by, ...paged(state) };
  const { answer, failure, isOld } = useAnswer('breakdown', query);
  const isFilter = FILTERS[by] || by === 'site';
  const isWord = ['channel', 'reason'].includes(by);
  const name = ({ name: text }) =>
    isFilter ? <Filter by={by} text={text} show={isWord ? words : undefined} /> : <Name text={text} />;
  const counts = [
    { label: 'Sessions', sort: 'sessions', show: ({ sessions }) => count(sessions) },
    ...(ACTIONS[by]
      ? [{ label: by === 'page' ? 'Views' : 'Times', sort: 'count', show: (row) => count(row.count) }]
      : [{ label: 'Visitors', sort: 'visitors', show: ({ visitors }) => count(visitors) }, ...VISITS]),
  ];
  return (
    <section aria-labelledby="by-h">
      <h2 id="by-h">{of[by]}</h2>
      <div class="choices">
        <Choice label="By" name="by" value={by} of={of} />
        {OF_ORIGIN.includes(by) && (
          <Choice label="As of" name="attribution" value={state.attribution} of={ATTRIBUTIONS} />
        )}
        <Search label="Name has" />
      </div>
      <State failure={failure} isEmpty={answer ? answer.rows.length === 0 : undefined}>
        {by === 'goal' && !goals
          ? 'No goal is named: start the collector with --goal Newsletter=sign_up.'
          : 'Nothing in this time.'}
      </State>
      {answer?.rows.length > 0 && (
        <div class={isOld ? 'old' : undefined}>
          <Table
            caption={`Sessions by ${of[by].toLowerCase()}`}
            columns={[{ label: of[by], sort: 'name', name }, ...counts, ...AMOUNTS(answer.currency)]}
            rows={answer.rows}
            keyOf={(row) => row.name}
            bar={({ sessions }) => sessions}
            sort={state.sort ?? 'sessions'}
            order={state.order ?? 'desc'}
          />
          <Pages total={answer.total} shown={answer.rows.length} />
          <AsFile path="breakdown" query={query} />
        </div>
      )}
    </section>
  );
}
