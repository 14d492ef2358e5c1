// Questions to the collector, asked again while somebody looks.

import { useEffect, useState } from 'preact/hooks';

const REFRESH_MS = 2000;

/** The address of a question, as seen from the page: whatever path a proxy puts in front stays. */
export function address(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return `../api/${path}?${new URLSearchParams(given)}`;
}

let isLeaving = false;
addEventListener('pageshow', () => (isLeaving = false));

/** Leaves for the page to sign in on, once, however many questions are refused. */
function signIn() {
  if (!isLeaving) location.assign('../sign-in');
  isLeaving = true;
}

/** Asks once; nothing where the answer is the one whose tag is known. */
async function ask(url, known, signal) {
  const headers = known ? { 'if-none-match': known } : {};
  const broken = (error) => {
    throw signal.aborted ? error : new Error('the collector does not answer; it is asked again');
  };
  const response = await fetch(url, { headers, cache: 'no-store', signal }).catch(broken);
  if (response.status === 304) return undefined;
  if (response.status === 401) signIn();
  if (response.ok) return { tag: response.headers.get('etag'), answer: await response.json().catch(broken) };
  const refusal = await response.json().catch(() => ({}));
  throw new Error(refusal.error ?? `the collector answers with status ${response.status}; it is asked again`);
}

/**
 * The answer to a question, `failure` in its place or beside an earlier one, and whether it `isOld`: the answer to the
 * question before. An answer that did not change is not told again.
 */
export function useAnswer(path, query) {
  const url = path && address(path, query);
  // What was answered by other names, or to something else, says nothing here.
  const kind = `${path} ${query.by}`;
  const [found, setFound] = useState({});
  useEffect(() => {
    if (!url) return;
    const abort = new AbortController();
    let timer;
    let tag;
    let isAsking = false;
    const look = async () => {
      if (isAsking) return;
      isAsking = true;
      clearTimeout(timer);
      if (document.visibilityState === 'visible') {
        try {
          const told = await ask(url, tag, abort.signal);
          if (abort.signal.aborted) return;
          tag = told?.tag ?? tag;
          if (told) setFound({ url, kind, answer: told.answer });
          else setFound((before) => (before.failure ? { url, kind, answer: before.answer } : before));
        } catch (error) {
          if (abort.signal.aborted) return;
          setFound((before) => ({
            url,
            kind,
            answer: before.url === url ? before.answer : undefined,
            failure: error.message,
          }));
        }
      }
      isAsking = false;
      if (!abort.signal.aborted) timer = setTimeout(look, REFRESH_MS);
    };
    const seen = () => document.visibilityState === 'visible' && look();
    document.addEventListener('visibilitychange', seen);
    look();
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }, [url]);
  return found.kind === kind ? { ...found, isOld: found.url !== url } : { isOld: true };
}
