/**
 * The whole page: it signs in, reads the overview and follows the live feed, and shows every view.
 */
import { useCallback, useEffect, useState } from 'preact/hooks';
import { Chart } from './charts/chart.js';
import { Confirm } from './confirm.js';
import { Login } from './login.js';
import { Masthead } from './masthead.js';
import { Notice } from './notice.js';
import { onSignedOut, session } from './parts/api.js';
import { AsOf, Away, AwayAdvice } from './parts/away.js';
import { html } from './parts/html.js';
import { useNow } from './parts/marks.js';
import { closeSheet, goTo, incidentAddress, openSheet, useRoute } from './parts/route.js';
import { isFresh, stateLine } from './parts/state-line.js';
import { visible } from './parts/strangers.js';
import { clockMinute } from './parts/words.js';
import { Start } from './start.js';
import { Troubles } from './troubles.js';
import { useOverview } from './use-overview.js';
import { Checklist } from './views/checklist/list.js';
import { NextSteps } from './views/checklist/next-steps.js';
import { Feed } from './views/feed.js';
import { Find } from './views/find.js';
import { Foreign } from './views/foreign.js';
import { Held, HeldView } from './views/held.js';
import { Inbound } from './views/inbound.js';
import { LatestIncidents } from './views/incidents/latest.js';
import { Incidents } from './views/incidents/list.js';
import { Incident } from './views/incidents/one.js';
import { Jumps } from './views/jumps.js';
import { Providers } from './views/providers/list.js';
import { Provider } from './views/providers/one.js';
import { ProviderStrip } from './views/providers/strip.js';
import { Scripts } from './views/scripts.js';
import { Sheet } from './views/sheet.js';
import { Statistics } from './views/statistics.js';
import { Suspended } from './views/suspended.js';
import { Watched } from './views/watched.js';

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
          ? html`Postern does not answer. <${AwayAdvice} />`
          : 'Connecting to Postern…'
      }
    </p>
    ${state === 'away' && html`<button type="button" onClick=${enter}>Try again</button>`}
  </main>`;
}

/** For a list of open pages, and for a bookmark; undefined: the state of mail. */
function viewTitle({ id, view }) {
  if (view === 'providers') return id === '' ? 'Providers' : visible(id);
  if (view === 'checklist') return 'Checklist';
  if (view === 'incidents') return id === '' ? 'Incidents' : `Incident ${visible(id)}`;
  if (view === 'held') return id === '' ? 'Held mail' : `Held mail of ${visible(id)}`;
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

/** The state of mail, unless another view is shown; and that Postern does not answer. */
function titleOf({ away, route, view }) {
  if (away !== undefined) return `No answer since ${clockMinute(away.asOf)} · Postern`;
  return `${viewTitle(route) ?? stateLine(view).title} · Postern`;
}

/** The first view: everything that matters now. */
function Overview({ shared, feed, isShown }) {
  const { view, open, explain } = shared;
  // While an account is suspended, that comes first.
  const isCalm = view.suspended.length === 0;
  return html`<div class="columns" hidden=${!isShown}>
    <div class="major">
      ${isCalm && html`<${NextSteps} isCalm />`}
      ${isFresh(view.status) && html`<${Start} />`}
      <${Suspended} ...${shared} />
      <${Watched} ...${shared} />
      <${Held} ...${shared} />
      <${ProviderStrip} />
      <${Chart} minutes=${view.minutes} status=${view.status} />
    </div>
    <div class="minor">
      ${!isCalm && html`<${NextSteps} />`}
      <${LatestIncidents} />
      <${Feed} feed=${feed} open=${open} explain=${explain} />
      <${Foreign} ...${shared} />
      <${Scripts} ...${shared} />
      <${Inbound} ...${shared} />
    </div>
    <div class="whole">
      ${!isFresh(view.status) && html`<${Statistics} now=${view.status.now} open=${open} />`}
    </div>
  </div>`;
}

function Panel({ onSignedOut }) {
  const { view, feed, link, fault, away, refresh } = useOverview(onSignedOut);
  const route = useRoute();
  const [question, ask] = useState(undefined);
  const [notice, setNotice] = useState(undefined);
  useNow();
  const title = view === undefined ? 'Postern' : titleOf({ away, route, view });
  useEffect(() => {
    document.title = title;
  }, [title]);
  if (view === undefined) return html`<${Waiting} ...${{ away, fault }} />`;
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
  return html`<${Away.Provider} value=${away}>
    <div class="page">
      <${Masthead} ...${{ view, link, open, explain, shown: route.view }} />
      <main id="content" tabindex="-1" class=${away === undefined ? '' : 'stale'}>
        <${AsOf} />
        <${Troubles} troubles=${view.status.troubles} bypass=${view.status.bypass} />
        <${Notice} notice=${notice} ask=${ask} onClose=${() => setNotice(undefined)} />
        ${fault !== '' && html`<p class="fault" role="alert">${fault}</p>`}
        ${route.view === 'overview' && html`<${Jumps} view=${view} />`}
        ${route.view === 'held' && html`<${HeldView} ...${{ ...shared, name: route.id }} />`}
        ${route.view === 'find' && html`<${Find} text=${route.text} ...${{ open, explain }} />`}
        <${Views} ...${{ route, now: view.status.now, ask, open, explain }} />
        <${Overview} ...${{ shared, feed, isShown: route.view === 'overview' }} />
      </main>
      ${
        about &&
        html`<${Sheet}
          key=${about.id ?? about.account}
          onClose=${closeSheet}
          ...${{ about, ask, open, explain, incident, status: view.status }}
        />`
      }
      ${
        question &&
        html`<${Confirm} question=${question} onDone=${done} onClose=${() => ask(undefined)} />`
      }
    </div>
  <//>`;
}

/** Until the first answer. */
function Waiting({ away, fault }) {
  return html`<main class="alone">
    <p role="status">
      ${
        away === undefined
          ? fault || 'Connecting to Postern…'
          : html`Postern does not answer. <${AwayAdvice} />`
      }
    </p>
  </main>`;
}
