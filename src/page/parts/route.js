/**
 * The address of what is shown. Each view has an address of its own, so that a notice or a
 * colleague can point at it: /, /checklist, /find?q=…, /held, /held/ACCOUNT, /providers,
 * /providers/ID, /incidents, /incidents/ID. A sheet about an account (/accounts/NAME) or a message
 * (/messages/ID) opens over the view it was opened from.
 */
import { useEffect, useState } from 'preact/hooks';

export const overviewAddress = '/';
export const heldAddress = '/held';
export const providersAddress = '/providers';
export const incidentsAddress = '/incidents';
export const checklistAddress = '/checklist';

/** The address of a search. */
export function findAddress(text) {
  return `/find?${new URLSearchParams({ q: text })}`;
}

/** Held mail of one account. */
export function heldOfAddress(account) {
  return `${heldAddress}/${encodeURIComponent(account)}`;
}

export function providerAddress(id) {
  return `/providers/${encodeURIComponent(id)}`;
}

export function incidentAddress(id) {
  return `/incidents/${encodeURIComponent(id)}`;
}

/** The address of a sheet. `about`: { account } or { id }. */
function sheetAddress({ account, id }) {
  return id === undefined
    ? `/accounts/${encodeURIComponent(account)}`
    : `/messages/${encodeURIComponent(id)}`;
}

const views = new Set(['checklist', 'find', 'held', 'providers', 'incidents']);

/** What an address asks for: { view, id, text, about }; `about` is the sheet over the view. */
function routeOf({ pathname, search }, under) {
  const [first = '', second = ''] = pathname.split('/').slice(1).map(decoded);
  if (first === 'accounts' || first === 'messages') {
    const below = under === undefined ? { view: 'overview' } : routeOf(new URL(under, origin()));
    if (second === '') return below;
    return { ...below, about: first === 'accounts' ? { account: second } : { id: second } };
  }
  if (!views.has(first)) return { view: 'overview' };
  if (first === 'find') return { view: 'find', text: new URLSearchParams(search).get('q') ?? '' };
  return { view: first, id: second };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const origin = () => location.origin;

const changed = new EventTarget();

/** Shows another address. */
export function goTo(address) {
  if (address !== location.pathname + location.search) history.pushState(null, '', address);
  changed.dispatchEvent(new Event('change'));
  scrollTo(0, 0);
}

/** Opens a sheet over the view that is shown. */
export function openSheet(about) {
  const { depth = 0, under = location.pathname + location.search } = history.state ?? {};
  history.pushState({ under, depth: depth + 1 }, '', sheetAddress(about));
  changed.dispatchEvent(new Event('change'));
}

/** Closes the sheet, and all that it was opened from. */
export function closeSheet() {
  const depth = history.state?.depth;
  if (depth !== undefined) return history.go(-depth);
  history.replaceState(null, '', overviewAddress);
  changed.dispatchEvent(new Event('change'));
}

/** The search had an address behind a hash before version 0.2. */
function fromHash() {
  const [path, query = ''] = location.hash.split('?');
  if (path === '#/find') history.replaceState(null, '', `/find?${query}`);
}

const now = () => routeOf(location, history.state?.under);

export function useRoute() {
  const [route, setRoute] = useState(() => {
    fromHash();
    return now();
  });
  useEffect(() => {
    const look = () => {
      fromHash();
      setRoute(now());
    };
    const followed = (event) => follow(event);
    addEventListener('popstate', look);
    addEventListener('hashchange', look);
    addEventListener('click', followed);
    changed.addEventListener('change', look);
    return () => {
      removeEventListener('popstate', look);
      removeEventListener('hashchange', look);
      removeEventListener('click', followed);
      changed.removeEventListener('change', look);
    };
  }, []);
  return route;
}

/** Follows a plain click on a link of the page without loading the page again. */
function follow(event) {
  const link = event.target.closest?.('a[href^="/"]');
  const keys = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
  const isPlain = event.button === 0 && !keys && !event.defaultPrevented;
  if (!link || !isPlain || link.target !== '' || link.hasAttribute('download')) return;
  event.preventDefault();
  goTo(link.getAttribute('href'));
}
