// A figure over time, with the time before it.

import * as Plot from '@observablehq/plot';
import { useEffect, useRef, useState } from 'preact/hooks';
import { count, money, percent, time } from './format.jsx';
import { Scroll } from './table.jsx';

const HEIGHT = 220;

/** What a step of each size is called. */
const LABELS = {
  hour: { hour: '2-digit', minute: '2-digit' },
  day: { weekday: 'short', day: 'numeric', month: 'short' },
  week: { day: 'numeric', month: 'short', year: 'numeric' },
  month: { month: 'short', year: 'numeric' },
  year: { year: 'numeric' },
};

/** The figures that have a curve. */
export const METRICS = {
  sessions: { label: 'Sessions', show: count },
  visitors: { label: 'Visitors', show: count },
  page_views: { label: 'Page views', show: count },
  transactions: { label: 'Orders', show: count },
  conversion_rate: { label: 'Conversion', show: percent },
  revenue: { label: 'Revenue', show: money, isMoney: true },
  net_revenue: { label: 'Net revenue', show: money, isMoney: true },
};

/** The width that an element has. */
function useWidth() {
  const ref = useRef();
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => setWidth(Math.floor(contentRect.width)));
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

export function Chart({ report, metric }) {
  const [ref, width] = useWidth();
  const place = useRef();
  const { label, show, isMoney } = METRICS[metric] ?? METRICS.sessions;
  const { series, every, zone, currency } = report;
  const previous = report.previous?.sessions ? report.previous : undefined;
  const shown = (value) => (isMoney ? show(value, currency) : show(value));
  const named = ({ from }) => time(from, zone, LABELS[every]);
  useEffect(() => {
    if (!width || !place.current) return;
    const points = series.map((step, index) => ({
      index,
      value: step[metric] ?? 0,
      text: `${named(step)}\n${shown(step[metric])}`,
    }));
    const before = (previous?.series ?? []).slice(0, points.length);
    const earlier = before.map((step, index) => ({ index, value: step[metric] ?? 0 }));
    const ticks = Math.max(Math.floor(width / 110), 2);
    const each = Math.ceil(points.length / ticks);
    const most = Math.max(...points.map(({ value }) => value), ...earlier.map(({ value }) => value), 0);
    const plot = Plot.plot({
      width,
      height: HEIGHT,
      marginLeft: 12 + 7.5 * Math.max(shown(most).length, 3),
      marginRight: 40,
      x: {
        label: null,
        domain: [0, Math.max(points.length - 1, 1)],
        ticks: points.filter((_, index) => index % each === 0).map(({ index }) => index),
        tickFormat: (index) => (series[index] ? named(series[index]) : ''),
      },
      y: {
        label: null,
        grid: true,
        domain: [0, most || 1],
        ticks: isMoney || most > 4 || metric === 'conversion_rate' ? 4 : Math.max(most, 1),
        tickFormat: isMoney ? (value) => money(value, currency, { maximumFractionDigits: 0 }) : show,
      },
      marks: [
        Plot.areaY(points, { x: 'index', y: 'value', fill: 'var(--accent)', fillOpacity: 0.12 }),
        Plot.lineY(earlier, { x: 'index', y: 'value', stroke: 'var(--soft)', strokeDasharray: '3 3' }),
        Plot.lineY(points, { x: 'index', y: 'value', stroke: 'var(--accent)', strokeWidth: 2 }),
        Plot.dot(points.length < 2 ? points : [], { x: 'index', y: 'value', fill: 'var(--accent)' }),
        Plot.tip(points, Plot.pointerX({ x: 'index', y: 'value', title: 'text' })),
      ],
    });
    // The page's own style sheet has these rules: a strict policy lets in no others.
    plot.querySelector('style')?.remove();
    plot.setAttribute('aria-hidden', 'true');
    place.current.replaceChildren(plot);
  });
  return (
    <div ref={ref}>
      <div class="chart" ref={place} />
      <p class="soft legend">
        {label} by {every}
        {previous && <span class="dashed">the time before</span>}
      </p>
      <details class="as-table">
        <summary>As a table</summary>
        <Scroll label={`${label} by ${every}`}>
          <table>
            <thead>
              <tr>
                <th scope="col">From</th>
                <th scope="col" class="number">
                  {label}
                </th>
                {previous && (
                  <th scope="col" class="number">
                    Before
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {series.map((step, index) => (
                <tr key={step.from}>
                  <th scope="row">{named(step)}</th>
                  <td class="number">{shown(step[metric])}</td>
                  {previous && (
                    <td class="number">{previous.series[index] ? shown(previous.series[index][metric]) : '–'}</td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </div>
  );
}
