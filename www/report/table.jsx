// A table whose rows the collector sorts and pages, and its query as a link.

import { address } from './api.js';
import { count, Name } from './format.jsx';
import { Go, useUrl } from './url.jsx';

const ROWS = 50;

/** What a table asks for beside its filters. */
export function paged({ sort, order, offset, search }) {
  return { sort, order, offset, search, limit: ROWS };
}

function Head({ column, sort, order }) {
  const attributes = { scope: 'col', class: column.show ? 'number' : undefined };
  if (!column.sort) return <th {...attributes}>{column.label}</th>;
  const isSorted = sort === column.sort;
  const isDown = isSorted && order === 'desc';
  const first = column.sort === 'name' ? 'asc' : 'desc';
  const then = isSorted ? (isDown ? 'asc' : 'desc') : first;
  return (
    <th {...attributes} aria-sort={isSorted ? (isDown ? 'descending' : 'ascending') : undefined}>
      <Go to={{ sort: column.sort, order: then }}>
        {column.label}
        {isSorted && <span aria-hidden="true">{isDown ? ' ↓' : ' ↑'}</span>}
      </Go>
    </th>
  );
}

/** A place that scrolls by itself, by the keyboard too. */
export function Scroll({ label, children }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must have the focus to be scrolled by keys
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

/**
 * Columns with `show` are numbers; the first is the row's name. A row has a bar as long as its `bar` is of the longest.
 */
export function Table({ caption, columns, rows, keyOf, bar, sort, order }) {
  const longest = bar ? Math.max(...rows.map(bar), 0) : 0;
  const [first, ...others] = columns;
  return (
    <Scroll label={caption}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.label} column={column} sort={sort} order={order} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              <th
                scope="row"
                class={longest > 0 ? 'bar' : undefined}
                style={longest > 0 ? { '--part': bar(row) / longest } : undefined}
              >
                {first.name(row)}
              </th>
              {others.map(({ label, show, name }) => (
                <td key={label} class={show ? 'number' : undefined}>
                  {(show ?? name)(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** Which rows are shown, and the way to the others. */
export function Pages({ total, shown }) {
  const { state } = useUrl();
  const offset = Number(state.offset ?? 0);
  if (!offset && shown >= total) return null;
  return (
    <nav class="pages" aria-label="Pages of the table">
      {offset > 0 && <Go to={{ offset: Math.max(offset - ROWS, 0) || undefined }}>Previous</Go>}
      <span>
        {count(Math.min(offset + 1, total))}–{count(offset + shown)} of {count(total)}
      </span>
      {offset + shown < total && <Go to={{ offset: offset + ROWS }}>Next</Go>}
    </nav>
  );
}

/** The query that the table is the answer of. */
export function AsFile({ path, query }) {
  const { limit, offset, ...all } = query;
  return (
    <p class="soft files">
      <a href={address(path, { ...all, format: 'csv', limit: 10_000 })} download>
        CSV
      </a>
      <a href={address(path, query)}>JSON</a>
    </p>
  );
}

/** A text to look for among the names. */
export function Search({ label }) {
  const { state, go } = useUrl();
  const submit = (event) => {
    event.preventDefault();
    go({ search: new FormData(event.currentTarget).get('search').trim() || undefined });
  };
  return (
    <search>
      <form class="search" onSubmit={submit}>
        <label>
          {label} <input type="search" name="search" defaultValue={state.search ?? ''} key={state.search} />
        </label>
        <button type="submit">Search</button>
      </form>
    </search>
  );
}

/** A name that filters by itself when it is clicked. */
export function Filter({ by, text, show = (shown) => shown }) {
  return <Name text={text}>{(shown) => <Go to={{ [by]: text }}>{show(shown)}</Go>}</Name>;
}
