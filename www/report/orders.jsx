// Orders, one by one.

import { useAnswer } from './api.js';
import { count, moment, money, Name } from './format.jsx';
import { State } from './state.jsx';
import { AsFile, Pages, paged, Search, Table } from './table.jsx';
import { chosen, Go, useUrl } from './url.jsx';

/** Who has told an order, where it is not a page alone. */
function teller({ is_confirmed, is_told_by_page, is_disputed }) {
  const by = is_confirmed ? (is_told_by_page ? 'page and server' : 'server alone') : 'page';
  return is_disputed ? `${by}, disputed` : by;
}

export function Orders({ zone }) {
  const { state } = useUrl();
  const { sort, order, ...page } = paged(state);
  const query = { ...chosen(state), ...page };
  const { answer, failure, isOld } = useAnswer('orders', query);
  const columns = [
    { label: 'Order', name: ({ id }) => <Name text={id} /> },
    { label: 'Placed', name: ({ placed_at }) => moment(placed_at, zone) },
    { label: 'Value', show: ({ value, currency }) => (value === null ? 'not readable' : money(value, currency)) },
    { label: 'Refunded', show: ({ refunded, currency }) => (refunded ? money(refunded, currency) : '') },
    { label: 'Pieces', show: ({ items }) => (items ? count(items) : '') },
    { label: 'Source', name: ({ source, campaign }) => <Name text={[source, campaign].filter(Boolean).join(' · ')} /> },
    { label: 'Told by', name: teller },
    { label: 'Session', name: ({ session_id }) => <Go to={{ view: 'sessions', session: session_id }}>Show</Go> },
  ];
  return (
    <section aria-labelledby="orders-h">
      <h2 id="orders-h">Orders</h2>
      <div class="choices">
        <Search label="Order begins with" />
      </div>
      <State failure={failure} isEmpty={answer ? answer.rows.length === 0 : undefined}>
        {state.search ? 'No order begins so.' : 'No order in this time.'}
      </State>
      {answer?.rows.length > 0 && (
        <div class={isOld ? 'old' : undefined}>
          <Table
            caption="Orders, the latest first"
            columns={columns}
            rows={answer.rows}
            keyOf={({ site, id }) => `${site} ${id}`}
          />
          <Pages total={answer.total} shown={answer.rows.length} />
          <AsFile path="orders" query={query} />
        </div>
      )}
    </section>
  );
}
