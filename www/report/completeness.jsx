// What is missing, as far as it can be told.

import { count } from './format.jsx';
import { Table } from './table.jsx';

export function Completeness({ report }) {
  const figures = [
    ['Events that are missing', report.missing_events, 'Each tab numbers its events; these numbers never came.'],
    [
      'Orders told by the server alone',
      report.orders_without_page,
      'No page told of them: a blocker, a refusal, or a thank-you page that was never seen.',
    ],
    ['Orders without a value', report.unreadable_orders, 'What their pages told is no amount, or nothing.'],
    [
      'Orders told by more than one device',
      report.order_conflicts,
      'The first that told, or the shop’s server, has them.',
    ],
    [
      'Sessions of bots',
      report.bots,
      'They said of themselves that they are a machine’s, and are left out unless they are asked for.',
    ],
  ];
  return (
    <section aria-labelledby="missing-h">
      <h2 id="missing-h">What is missing</h2>
      <dl class="figures" id="missing">
        {figures.map(([label, number, text]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{count(number)}</dd>
            <dd class="change">{text}</dd>
          </div>
        ))}
      </dl>
      {report.gaps.length > 0 && (
        <Table
          caption="Tabs with events that are missing, the worst first"
          columns={[
            { label: 'Tab', name: ({ tab_id }) => tab_id },
            { label: 'Told', show: ({ told }) => count(told) },
            { label: 'Received', show: ({ received }) => count(received) },
            { label: 'Missing', show: ({ missing }) => count(missing) },
          ]}
          rows={report.gaps}
          keyOf={({ tab_id }) => tab_id}
        />
      )}
      <p class="soft">Time and site count here; other filters do not.</p>
    </section>
  );
}
