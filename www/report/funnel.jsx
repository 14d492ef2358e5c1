// How far sessions got, where those left that got no further, and what they left in their carts.

import { useAnswer } from './api.js';
import { count, money, Name, percent, words } from './format.jsx';
import { State } from './state.jsx';
import { AsFile, Table } from './table.jsx';
import { chosen, useUrl } from './url.jsx';

/** Steps with the sessions that took each, and the part of those before it that did not. */
export function Funnel({ steps, more = [] }) {
  const columns = [
    { label: 'Step', name: ({ step }) => words(step) },
    { label: 'Sessions', show: ({ sessions }) => count(sessions) },
    { label: 'Of those before', show: ({ step, rate }) => (step === 'visit' ? '' : percent(rate)) },
    { label: 'Lost', show: ({ step, rate }) => (step === 'visit' || rate >= 1 ? '' : `−${percent(1 - rate)}`) },
    ...more,
  ];
  return (
    <Table
      caption="Sessions that reached each step"
      columns={columns}
      rows={steps}
      keyOf={({ step }) => step}
      bar={({ sessions }) => sessions}
    />
  );
}

function Carts({ carts }) {
  if (!carts.sessions) return <p class="soft">Nothing was put into a cart in this time.</p>;
  return (
    <dl class="figures" id="carts">
      <div>
        <dt>Carts</dt>
        <dd>{count(carts.sessions)}</dd>
      </div>
      <div>
        <dt>Abandoned</dt>
        <dd>{count(carts.abandoned)}</dd>
        <dd class="change">{percent(carts.abandonment_rate)} of those that are over</dd>
      </div>
      <div>
        <dt>Left in them</dt>
        {carts.values.slice(0, 5).map(({ currency, value }) => (
          <dd key={currency}>{money(value, currency)}</dd>
        ))}
        {carts.values.length > 5 && <dd>and {count(carts.values.length - 5)} currencies</dd>}
        {!carts.values.length && <dd>–</dd>}
      </div>
      <div>
        <dt>Ordered later</dt>
        <dd>{count(carts.recovered)}</dd>
      </div>
    </dl>
  );
}

export function FunnelView() {
  const { state } = useUrl();
  const query = chosen(state);
  const { answer, failure, isOld } = useAnswer('funnel', query);
  if (!answer) return <State failure={failure} />;
  const left = [{ label: 'Left here', show: (step) => (step.step === 'purchase' ? '' : count(step.left)) }];
  const steps = answer.steps.filter(({ step, pages }) => step !== 'purchase' && pages.length);
  return (
    <div class={isOld ? 'old' : undefined}>
      <State failure={failure} isEmpty={false} />
      <section aria-labelledby="steps-h">
        <h2 id="steps-h">Where visitors drop off</h2>
        <Funnel steps={answer.steps} more={left} />
        <AsFile path="funnel" query={query} />
      </section>
      <section aria-labelledby="carts-h">
        <h2 id="carts-h">Carts</h2>
        <Carts carts={answer.carts} />
      </section>
      <div class="cards">
        {steps.map(({ step, pages }) => (
          <section key={step} aria-labelledby={`left-${step}`}>
            <h2 id={`left-${step}`}>{step === 'visit' ? 'Left after a look' : `Left after: ${words(step)}`}</h2>
            <Table
              caption={`Pages that sessions saw last which got no further than ${words(step)}`}
              columns={[
                { label: 'Last page', name: ({ name }) => <Name text={name} /> },
                { label: 'Sessions', show: ({ sessions }) => count(sessions) },
              ]}
              rows={pages}
              keyOf={({ name }) => name}
              bar={({ sessions }) => sessions}
            />
          </section>
        ))}
      </div>
    </div>
  );
}
