// Questions to the collector, asked again while somebody looks.

import { useEffect, useState } from 'preact/hooks';

const REFRESH_MS = 2000;

/** The address of a question, as seen from the page: whatever path a proxy puts in front stays. */
export function address(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return `../api/${path}?${new URLSearchParams(given)}`;
}

/** Asks once; nothing where the answer is the one whose tag is known. */
async function ask(url, known, signal) {
  const headers = known ? { 'if-none-match': known } : {};
  const response = await fetch(url, { headers, cache: 'no-store', signal }).catch((error) => {
    throw signal.aborted ? error : new Error('the collector does not answer; it is asked again');
  });
  if (response.status === 304) return undefined;
  if (response.status === 401) location.assign('../sign-in');
  const answer = await response.json().catch(() => ({}));
  if (!response.ok)
    throw new Error(answer.error ?? `the collector answers with status ${response.status}; it is asked again`);
  return { tag: response.headers.get('etag'), answer };
}

/**
 * The answer to a question, `failure` in its place or beside an earlier one, and whether it `isOld`: the answer to the
 * question before. An answer that did not change is not told again.
 */
export function useAnswer(path, query) {
  const url = path && address(path, query);
  const [found, setFound] = useState({});
  useEffect(() => {
    if (!url) return;
    const abort = new AbortController();
    let timer;
    let tag;
    const look = async () => {
      clearTimeout(timer);
      if (document.visibilityState === 'visible') {
        try {
          const told = await ask(url, tag, abort.signal);
          tag = told?.tag ?? tag;
          if (told) setFound({ url, answer: told.answer });
          else setFound((before) => (before.failure ? { url, answer: before.answer } : before));
        } catch (error) {
          if (abort.signal.aborted) return;
          setFound((before) => ({
            url,
            answer: before.url === url ? before.answer : undefined,
            failure: error.message,
          }));
        }
      }
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
  return { ...found, isOld: found.url !== url };
}
