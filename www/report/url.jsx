// What is looked at, as the page's URL says it: every view has a link.

import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';

/** Filters of sessions, each a parameter of the page and of the API. */
export const FILTERS = {
  channel: 'Channel',
  source: 'Source',
  medium: 'Medium',
  campaign: 'Campaign',
  term: 'Term',
  content: 'Content',
  landing_page: 'Landing page',
  exit_page: 'Exit page',
  device: 'Device',
  visitor: 'Visitors',
  reason: 'Began by',
};

const DEFAULTS = { view: 'overview', period: '30d', attribution: 'session', metric: 'sessions' };
/** What a view does not hand on to another. */
const OF_ONE_VIEW = ['sort', 'order', 'offset', 'search', 'session', 'by'];

const read = () => ({ ...DEFAULTS, ...Object.fromEntries(new URLSearchParams(location.search)) });

export function hrefOf(state) {
  const given = Object.entries(state).filter(([name, value]) => value !== undefined && value !== DEFAULTS[name]);
  return `?${new URLSearchParams(given)}`;
}

const Url = createContext();

/** The state, and what changes it. */
export const useUrl = () => useContext(Url);

export function WithUrl({ children }) {
  const [state, setState] = useState(read);
  useEffect(() => {
    const back = () => setState(read());
    addEventListener('popstate', back);
    return () => removeEventListener('popstate', back);
  }, []);
  /** The state with changes: whatever is changed, its first rows are shown. */
  const next = (changes) => {
    const isOther = changes.view && changes.view !== state.view;
    const left = isOther ? Object.fromEntries(OF_ONE_VIEW.map((name) => [name, undefined])) : { offset: undefined };
    return { ...state, ...left, ...changes };
  };
  const go = (changes) => {
    const then = next(changes);
    history.pushState(null, '', hrefOf(then));
    setState(read());
  };
  return <Url.Provider value={{ state, next, go }}>{children}</Url.Provider>;
}

/** A link to the state with changes. */
export function Go({ to, children, ...attributes }) {
  const { next, go } = useUrl();
  const click = (event) => {
    if (event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={hrefOf(next(to))} onClick={click} {...attributes}>
      {children}
    </a>
  );
}

/** The time and the filters that are chosen, as parameters of the API. */
export function chosen(state) {
  const names = ['site', 'period', 'from', 'to', 'zone', 'bots', 'attribution', 'currency', ...Object.keys(FILTERS)];
  const given = Object.fromEntries(
    names.filter((name) => state[name] !== undefined).map((name) => [name, state[name]]),
  );
  // Days of their own take the place of a period.
  if (given.from || given.to) delete given.period;
  return given;
}
