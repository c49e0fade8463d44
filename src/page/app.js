/**
 * The whole page: it signs in, reads the overview and follows the live feed, and shows every view.
 */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Chart } from './charts/chart.js';
import { Confirm } from './confirm.js';
import { Login } from './login.js';
import { Masthead } from './masthead.js';
import { Notice } from './notice.js';
import { onSignedOut, read, session } from './parts/api.js';
import { html } from './parts/html.js';
import { follow } from './parts/live.js';
import { Command, useNow } from './parts/marks.js';
import { closeSheet, goTo, incidentAddress, openSheet, useRoute } from './parts/route.js';
import { visible } from './parts/strangers.js';
import { isFresh, setServerNow, stateLine } from './parts/words.js';
import { Start } from './start.js';
import { Troubles } from './troubles.js';
import { Checklist } from './views/checklist/list.js';
import { NextSteps } from './views/checklist/next-steps.js';
import { asLines, Feed, withBatch } from './views/feed.js';
import { Find } from './views/find.js';
import { Foreign } from './views/foreign.js';
import { Held } from './views/held.js';
import { Inbound } from './views/inbound.js';
import { LatestIncidents } from './views/incidents/latest.js';
import { Incidents } from './views/incidents/list.js';
import { Incident } from './views/incidents/one.js';
import { Lookup } from './views/lookup.js';
import { Providers } from './views/providers/list.js';
import { Provider } from './views/providers/one.js';
import { ProviderStrip } from './views/providers/strip.js';
import { Scripts } from './views/scripts.js';
import { Sheet } from './views/sheet.js';
import { Statistics } from './views/statistics.js';
import { Suspended } from './views/suspended.js';
import { Watched } from './views/watched.js';

const refreshMs = 15_000;
const refreshMinMs = 1_000;

export function App() {
  const [state, setState] = useState('asking');
  const enter = useCallback(() => {
    session().then(
      (signedIn) => setState(signedIn ? 'in' : 'out'),
      () => setState('away'),
    );
  }, []);
  useEffect(() => {
    onSignedOut(() => setState('out'));
    enter();
  }, []);
  if (state === 'out') return html`<${Login} onIn=${enter} />`;
  if (state === 'in') return html`<${Panel} onSignedOut=${() => setState('out')} />`;
  return html`<main class="alone">
    <p role="status">
      ${
        state === 'away'
          ? html`Postern does not answer. On the server, run: <${Command} text="postern status" />`
          : 'Connecting to Postern…'
      }
    </p>
    ${state === 'away' && html`<button type="button" onClick=${enter}>Try again</button>`}
  </main>`;
}

/**
 * Keeps the overview fresh. The page reads it every 15 seconds, and within a second after a message
 * was stopped or a count changed.
 */
function useView(onSignedOut) {
  const [view, setView] = useState(undefined);
  const [feed, setFeed] = useState([]);
  const [link, setLink] = useState('connecting');
  const [fault, setFault] = useState('');
  const pending = useRef(undefined);
  const refresh = useCallback(async () => {
    clearTimeout(pending.current);
    pending.current = undefined;
    try {
      const fresh = await read('/api/overview');
      setServerNow(fresh.status.now);
      setView(fresh);
      setFault('');
      setFeed((known) => (known.length === 0 ? asLines(fresh.recent) : known));
    } catch (error) {
      setFault(error.message);
    }
  }, []);
  useEffect(() => {
    const soon = () => {
      pending.current ??= setTimeout(refresh, refreshMinMs);
    };
    const timer = setInterval(refresh, refreshMs);
    const stop = follow({
      onFeed(batch) {
        setFeed((known) => withBatch(known, batch));
        if (batch.items.some((item) => item.verdict !== 'pass')) soon();
      },
      onStatus(status) {
        setServerNow(status.now);
        setView((known) => {
          if (known !== undefined && changed(known.status, status)) soon();
          return known === undefined ? known : { ...known, status };
        });
      },
      onLink: setLink,
      onSignedOut,
    });
    void refresh();
    return () => {
      clearInterval(timer);
      clearTimeout(pending.current);
      stop();
    };
  }, []);
  return { view, feed, link, fault, refresh };
}

/** For a list of open pages, and for a bookmark; undefined: the state of mail. */
function viewTitle({ id, view }) {
  if (view === 'providers') return id === '' ? 'Providers' : visible(id);
  if (view === 'checklist') return 'Checklist';
  if (view === 'incidents') return id === '' ? 'Incidents' : `Incident ${visible(id)}`;
  return undefined;
}

/** The views of providers and incidents. */
function Views({ route: { id, view }, now, ask, open, explain }) {
  if (view === 'checklist') return html`<${Checklist} ask=${ask} />`;
  if (view === 'providers') {
    if (id === '') return html`<${Providers} />`;
    return html`<${Provider} key=${id} ...${{ id, now, open }} />`;
  }
  if (view !== 'incidents') return null;
  if (id === '') return html`<${Incidents} />`;
  return html`<${Incident} key=${id} ...${{ id, open, explain }} />`;
}

function changed(known, fresh) {
  return (
    known.held !== fresh.held ||
    known.accounts.watched !== fresh.accounts.watched ||
    known.accounts.suspended !== fresh.accounts.suspended
  );
}

function Panel({ onSignedOut }) {
  const { view, feed, link, fault, refresh } = useView(onSignedOut);
  const route = useRoute();
  const [question, ask] = useState(undefined);
  const [notice, setNotice] = useState(undefined);
  useNow();
  const title =
    view === undefined ? 'Postern' : `${viewTitle(route) ?? stateLine(view).title} · Postern`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  if (view === undefined) {
    return html`<main class="alone">
      <p role="status">${fault || 'Connecting to Postern…'}</p>
    </main>`;
  }
  const { about } = route;
  const open = (account) => openSheet({ account });
  const explain = (id) => openSheet({ id });
  async function done(outcome) {
    setNotice({ text: outcome.text, again: question.again, undo: question.undo });
    if (about !== undefined) closeSheet();
    await refresh();
  }
  const incident = (id) => goTo(incidentAddress(id));
  const shared = { view, ask, open, explain, incident };
  return html`<div class="page">
    <${Masthead} view=${view} link=${link} shown=${route.view} />
    <main>
      <${Troubles} troubles=${view.status.troubles} bypass=${view.status.bypass} />
      <${Notice} notice=${notice} ask=${ask} onClose=${() => setNotice(undefined)} />
      ${fault !== '' && html`<p class="fault" role="alert">${fault}</p>`}
      ${route.view === 'find' && html`<${Find} text=${route.text} ...${{ open, explain }} />`}
      <${Views} ...${{ route, now: view.status.now, ask, open, explain }} />
      <div class="columns" hidden=${route.view !== 'overview'}>
        <div class="major">
          <${NextSteps} isCalm=${view.suspended.length === 0} />
          ${isFresh(view.status) && html`<${Start} />`}
          <${Suspended} ...${shared} />
          <${Watched} ...${shared} />
          <${ProviderStrip} />
          <${Chart} minutes=${view.minutes} />
          <${Held} ...${shared} />
          <${Inbound} ...${shared} />
          <${Foreign} ...${shared} />
          <${Scripts} ...${shared} />
          ${!isFresh(view.status) && html`<${Statistics} now=${view.status.now} open=${open} />`}
        </div>
        <div class="minor">
          <${Lookup} open=${open} explain=${explain} />
          <${LatestIncidents} />
          <${Feed} feed=${feed} open=${open} explain=${explain} />
        </div>
      </div>
    </main>
    ${
      about &&
      html`<${Sheet}
        key=${about.id ?? about.account}
        about=${about}
        ask=${ask}
        open=${open}
        explain=${explain}
        incident=${incident}
        onClose=${closeSheet}
      />`
    }
    ${
      question &&
      html`<${Confirm} question=${question} onDone=${done} onClose=${() => ask(undefined)} />`
    }
  </div>`;
}
