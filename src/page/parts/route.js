/**
 * The address of a view. Only the search has one of its own, `#/find?q=…`, so that it can be kept,
 * sent and gone back to.
 */
import { useEffect, useState } from 'preact/hooks';

/** What the address asks for: { view: 'overview' } or { view: 'find', text }. */
export function useRoute() {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return routeOf(hash);
}

function routeOf(hash) {
  const [path, query = ''] = hash.split('?');
  if (path !== '#/find') return { view: 'overview' };
  return { view: 'find', text: new URLSearchParams(query).get('q') ?? '' };
}

/** The address of a search. */
export function findAddress(text) {
  return `#/find?${new URLSearchParams({ q: text })}`;
}

export const overviewAddress = '#/';
