// What happened in a session: how it began, its events with the pauses and the gaps between them, and how it ended.

import { useAnswer } from './api.js';
import { clock, count, moment, Name, span, words } from './format.jsx';
import { State } from './state.jsx';
import { Scroll } from './table.jsx';
import { Go } from './url.jsx';

const PAUSE_MS = 300_000; // what is shorter is reading
const EVENTS = 1000;
/** How long a session may go on after its latest event. */
const OPEN_MS = 1_800_000;

/** What happened, in the order in which it did, with what lies between. */
function rows(events) {
  const sorted = events.toSorted((one, other) => one.corrected_time - other.corrected_time || one.seq - other.seq);
  const next = new Map(); // of each tab, the number that follows
  let before;
  return sorted.flatMap((event) => {
    const between = [];
    const expected = next.get(event.tab_id);
    const missing = event.tab_id && expected !== undefined ? event.seq - expected : 0;
    const pause = before ? event.corrected_time - before.corrected_time : 0;
    if (pause >= PAUSE_MS) between.push({ key: `${event.id} pause`, note: `${span(pause)} without an event` });
    if (missing > 0) {
      const what =
        missing === 1 ? '1 event of this tab is missing' : `${count(missing)} events of this tab are missing`;
      between.push({ key: `${event.id} gap`, note: what, isGap: true });
    }
    next.set(event.tab_id, Math.max(expected ?? 0, event.seq + 1));
    before = event;
    return [...between, { key: event.id, event }];
  });
}

const pageOf = (url) => (URL.canParse(url) ? new URL(url).pathname + new URL(url).hash : url);

function Event({ event, zone }) {
  return (
    <tr>
      <td class="soft">{clock(event.corrected_time, zone)}</td>
      <td>{words(event.name)}</td>
      <td class="soft">
        <Name text={pageOf(event.url)} />
      </td>
      <td class="soft">{event.props && <Name text={JSON.stringify(event.props)} />}</td>
    </tr>
  );
}

/** Why sessions begin. */
const WHY = {
  first: 'as the first of the device',
  inactivity: 'after a time without activity',
  midnight: 'as the day was another',
  campaign: 'by another campaign',
  max_length: 'as the one before was long enough',
  browser_close: 'after the browser was closed',
  manual: 'as the site wished',
};
const why = (reason) => WHY[reason] ?? 'by the shop’s server';

/** How it began, in words. */
function beginning({ number, device_id, reason, source, user_id, bot, device, order_conflicts }) {
  const of = device_id ? `device ${device_id.slice(0, 8)}` : 'a device that is not told';
  const facts = [
    `session ${number} of ${of}${device ? `, a ${device}` : ''}`,
    `began ${why(reason)}`,
    words(source.channel ?? 'unassigned'),
    source.referrer && `from ${source.referrer}`,
    user_id && `user ${user_id}`,
    bot && `bot: ${bot}`,
    order_conflicts && 'another device has told its order too',
  ];
  return facts.filter(Boolean).join(', ');
}

/** How it ended: by the session that followed, if one did. */
function Ending({ session, zone }) {
  const { answer } = useAnswer(session.device_id && 'sessions', { device_id: session.device_id, site: session.site });
  const next = answer?.find(({ previous_id, number }) => previous_id === session.id || number === session.number + 1);
  const ended = session.last_event_at - session.clock_skew_ms;
  if (next) {
    return (
      <p>
        Ended at {clock(ended, zone)}: the next session began {moment(next.began_at, zone)} {why(next.reason)}.{' '}
        <Go to={{ view: 'sessions', session: next.id }}>Show it</Go>
      </p>
    );
  }
  const isOpen = Date.now() - ended < OPEN_MS;
  return (
    <p>
      {isOpen
        ? 'It may go on.'
        : `Its last event was at ${clock(ended, zone)}; no later session of the device is known.`}
    </p>
  );
}

export function Timeline({ session, zone }) {
  const query = { site: session.site, session_id: session.id, limit: EVENTS };
  const { answer, failure } = useAnswer('events', query);
  return (
    <div class="inside">
      <p class="soft">
        {beginning(session)}. <Go to={{ view: 'sessions', session: session.id }}>Link to this session</Go>
      </p>
      <State failure={failure} isEmpty={answer ? answer.length === 0 : undefined}>
        Its events are not kept any more.
      </State>
      {answer?.length > 0 && (
        <Scroll label="Events of the session">
          <table>
            <thead>
              <tr>
                {['Time', 'Event', 'Page', 'Properties'].map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows(answer).map(({ key, event, note, isGap }) =>
                event ? (
                  <Event key={key} event={event} zone={zone} />
                ) : (
                  <tr key={key} class={isGap ? 'gap' : 'pause'}>
                    <td colSpan={4}>{note}</td>
                  </tr>
                ),
              )}
            </tbody>
          </table>
        </Scroll>
      )}
      <Ending session={session} zone={zone} />
    </div>
  );
}
