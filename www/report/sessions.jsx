// Sessions, one by one, each with what happened in it.

import { useState } from 'preact/hooks';
import { useAnswer } from './api.js';
import { count, moment, money, span, words } from './format.jsx';
import { State } from './state.jsx';
import { AsFile, Pages } from './table.jsx';
import { Timeline } from './timeline.jsx';
import { chosen, Go, useUrl } from './url.jsx';

const LATEST = 10;
const ROWS = 50;

/** What a session's orders came to; nothing where there are none, or none of a readable value. */
const sold = ({ transactions, unreadable_orders, revenue, currency }) =>
  transactions > unreadable_orders ? money(revenue, currency) : '';

function Session({ session, zone, isOpen = false }) {
  const [open, setOpen] = useState(isOpen);
  const { source } = session;
  const from = [source.source, source.campaign].filter(Boolean).join(' · ');
  return (
    <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        <span>{moment(session.began_at, zone)}</span>
        <span title={from}>
          <bdi>{from}</bdi>
        </span>
        <span class="soft wide" title={session.landing_page}>
          <bdi>{session.landing_page}</bdi>
        </span>
        <span class="number">{span(session.duration_ms)}</span>
        <span class="number soft wide">
          {session.page_views === 1 ? '1 page' : `${count(session.page_views)} pages`}
        </span>
        <span>
          <span class={`badge ${session.funnel_step}`}>{words(session.funnel_step)}</span>
        </span>
        <span class="number">{sold(session)}</span>
      </summary>
      {open && <Timeline session={session} zone={zone} />}
    </details>
  );
}

function List({ query, zone }) {
  const { answer, failure, isOld } = useAnswer('sessions', query);
  return (
    <>
      <State failure={failure} isEmpty={answer ? answer.length === 0 : undefined}>
        No session in this time.
      </State>
      <div id="latest" class={isOld ? 'old' : undefined}>
        {(answer ?? []).toReversed().map((session) => (
          <Session key={session.id} session={session} zone={zone} isOpen={query.session_id === session.id} />
        ))}
      </div>
    </>
  );
}

/** The latest few; bots as the report has them. */
export function Latest({ zone }) {
  const { state } = useUrl();
  return (
    <>
      <List query={{ bots: 'false', ...chosen(state), limit: LATEST }} zone={zone} />
      <p class="soft">
        <Go to={{ view: 'sessions' }}>All sessions</Go>
      </p>
    </>
  );
}

export function Sessions({ zone, total }) {
  const { state } = useUrl();
  if (state.session !== undefined) {
    return (
      <section aria-labelledby="session-h">
        <h2 id="session-h">One session</h2>
        <p>
          <Go to={{ session: undefined }}>All sessions</Go>
        </p>
        <List query={{ session_id: state.session, site: state.site, limit: 1 }} zone={zone} />
      </section>
    );
  }
  const query = { bots: 'false', ...chosen(state), limit: ROWS, offset: state.offset };
  const shown = Math.max(Math.min(ROWS, total - Number(state.offset ?? 0)), 0);
  return (
    <section aria-labelledby="sessions-h">
      <h2 id="sessions-h">Sessions, the latest first</h2>
      <List query={query} zone={zone} />
      <Pages total={total} shown={shown} />
      <AsFile path="sessions" query={query} />
    </section>
  );
}
