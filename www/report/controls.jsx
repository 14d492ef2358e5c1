// The choices above every view: site, time, filters, bots, currency.

import { useState } from 'preact/hooks';
import { useAnswer } from './api.js';
import { count, cut, NONE, words } from './format.jsx';
import { chosen, FILTERS, Go, useUrl } from './url.jsx';

const PERIODS = {
  today: 'Today',
  yesterday: 'Yesterday',
  '7d': '7 days',
  '30d': '30 days',
  '90d': '90 days',
  '365d': '365 days',
  this_week: 'This week',
  last_week: 'Last week',
  this_month: 'This month',
  last_month: 'Last month',
  this_year: 'This year',
  last_year: 'Last year',
  all: 'All time',
};

function Site() {
  const { state, go } = useUrl();
  const { answer = [] } = useAnswer('sites', { limit: 1000 });
  if (answer.length < 2 && state.site === undefined) return null;
  const names = new Set([...answer.map(({ name }) => name), ...(state.site === undefined ? [] : [state.site])]);
  return (
    <label>
      Site{' '}
      <select
        id="site"
        value={state.site ?? ''}
        onChange={({ currentTarget }) => go({ site: currentTarget.value || undefined, currency: undefined })}
      >
        <option value="">All sites</option>
        {[...names].map((name) => (
          <option key={name} value={name}>
            {cut(name)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Period({ zone }) {
  const { state, go } = useUrl();
  const isOwn = Boolean(state.from || state.to);
  const [isChoosing, setIsChoosing] = useState(isOwn);
  const choose = ({ currentTarget }) => {
    if (currentTarget.value === 'own') return setIsChoosing(true);
    setIsChoosing(false);
    go({ period: currentTarget.value, from: undefined, to: undefined });
  };
  const submit = (event) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    go({ from: given.get('from') || undefined, to: given.get('to') || undefined });
  };
  return (
    <>
      <label>
        Period{' '}
        <select
          id="period"
          value={isChoosing || isOwn ? 'own' : state.period}
          onChange={choose}
          title={zone && `Days of ${zone}`}
        >
          {Object.entries(PERIODS).map(([key, text]) => (
            <option key={key} value={key}>
              {text}
            </option>
          ))}
          <option value="own">From … to …</option>
        </select>
      </label>
      {(isChoosing || isOwn) && (
        <form class="dates" onSubmit={submit} key={`${state.from} ${state.to}`}>
          <label>
            From <input type="date" name="from" defaultValue={state.from} max="9999-12-31" />
          </label>
          <label>
            to <input type="date" name="to" defaultValue={state.to} max="9999-12-31" />
          </label>
          <button type="submit">Show</button>
        </form>
      )}
    </>
  );
}

/** Amounts are of one currency; where there are others, the reader chooses. */
function Currency({ report }) {
  const { state, go } = useUrl();
  const codes = new Set((report?.revenues ?? []).map(({ currency }) => currency).filter(Boolean));
  if (state.currency) codes.add(state.currency);
  if (codes.size < 2) return null;
  return (
    <label>
      Currency{' '}
      <select
        id="currency"
        value={state.currency ?? report?.currency ?? ''}
        onChange={({ currentTarget }) => go({ currency: currentTarget.value })}
      >
        {[...codes].map((code) => (
          <option key={code} value={code}>
            {code}
          </option>
        ))}
      </select>
    </label>
  );
}

function Bots({ report }) {
  const { state, go } = useUrl();
  const isOn = state.bots === 'true';
  return (
    <label id="bots" hidden={!report?.bots && !isOn}>
      <input
        type="checkbox"
        checked={isOn}
        onChange={({ currentTarget }) => go({ bots: currentTarget.checked ? 'true' : undefined })}
      />{' '}
      <span>with {count(report?.bots ?? 0)} of bots</span>
    </label>
  );
}

function Now() {
  const { state } = useUrl();
  const { period, from, to, currency, ...query } = chosen(state);
  const { answer } = useAnswer('now', query);
  if (!answer) return null;
  return (
    <p id="now" title={answer.pages.map(({ name, sessions }) => `${cut(name)}: ${sessions}`).join('\n')}>
      <b>{count(answer.visitors)}</b> there now
    </p>
  );
}

export function Controls({ report, failure }) {
  return (
    <div class="controls">
      <Site />
      <Period zone={report?.zone} />
      <Currency report={report} />
      <Bots report={report} />
      <Now />
      <p id="live" role="status" class={report && !failure ? 'on' : undefined}>
        {failure ? 'not live' : report ? 'live' : 'connecting'}
      </p>
    </div>
  );
}

/** The filters that are on, each of which goes away by a click. */
export function Chips() {
  const { state } = useUrl();
  const on = Object.keys(FILTERS).filter((name) => state[name] !== undefined);
  if (!on.length) return null;
  const none = Object.fromEntries(on.map((name) => [name, undefined]));
  return (
    <ul class="chips" id="filters" aria-label="Filters">
      {on.map((name) => (
        <li key={name}>
          <span title={state[name]}>
            {FILTERS[name]}:{' '}
            <b>
              <bdi>{state[name] === '' ? NONE : name === 'source' ? cut(state[name]) : words(cut(state[name]))}</bdi>
            </b>
          </span>{' '}
          <Go to={{ [name]: undefined }} aria-label={`Without the filter ${FILTERS[name]}`}>
            ×
          </Go>
        </li>
      ))}
      {on.length > 1 && (
        <li>
          <Go to={none}>Without filters</Go>
        </li>
      )}
    </ul>
  );
}
