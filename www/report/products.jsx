// Products: looked at, put into carts, ordered.

import { useAnswer } from './api.js';
import { count, money, Name, percent } from './format.jsx';
import { State } from './state.jsx';
import { AsFile, Pages, paged, Search, Table } from './table.jsx';
import { chosen, useUrl } from './url.jsx';

export function Products() {
  const { state } = useUrl();
  const query = { ...chosen(state), ...paged(state) };
  const { answer, failure, isOld } = useAnswer('products', query);
  const name = (row) => (
    <>
      <Name text={row.name || row.id} />
      {row.name && row.name !== row.id && (
        <span class="soft">
          {' '}
          <Name text={row.id} />
        </span>
      )}
    </>
  );
  const columns = [
    { label: 'Product', sort: 'name', name },
    { label: 'Views', sort: 'views', show: ({ views }) => count(views) },
    { label: 'Sessions', sort: 'sessions', show: ({ sessions }) => count(sessions) },
    { label: 'Carts', sort: 'carts', show: ({ carts }) => count(carts) },
    { label: 'Not ordered', sort: 'abandoned', show: ({ abandoned }) => count(abandoned) },
    { label: 'Orders', sort: 'orders', show: ({ orders }) => count(orders) },
    { label: 'Pieces', sort: 'quantity', show: ({ quantity }) => count(quantity) },
    { label: 'Orders of sessions', sort: 'order_rate', show: ({ order_rate }) => percent(order_rate) },
    { label: 'Revenue', sort: 'revenue', show: ({ revenue }) => money(revenue, answer.currency) },
  ];
  return (
    <section aria-labelledby="products-h">
      <h2 id="products-h">Products</h2>
      <div class="choices">
        <Search label="Name or id has" />
      </div>
      <State failure={failure} isEmpty={answer ? answer.rows.length === 0 : undefined}>
        No event of this time tells of a product.
      </State>
      {answer?.rows.length > 0 && (
        <div class={isOld ? 'old' : undefined}>
          <Table
            caption="Products: views, carts, orders, revenue"
            columns={columns}
            rows={answer.rows}
            keyOf={({ id }) => id}
            bar={({ views }) => views}
            sort={state.sort ?? 'views'}
            order={state.order ?? 'desc'}
          />
          <Pages total={answer.total} shown={answer.rows.length} />
          <AsFile path="products" query={query} />
        </div>
      )}
    </section>
  );
}
