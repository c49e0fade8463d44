/** Incidents as text for a terminal. Pure. */
import type { IncidentBasis } from '../../core/incidents/facts.ts';
import type { TimelineEntry } from '../../core/incidents/timeline.ts';
import type { IncidentDetail } from '../../ports/asking.ts';
import { reasonLines } from '../accounts/accounts-text.ts';
import { leakedText } from '../find/leaked-text.ts';
import { plain } from '../terminal/format.ts';
import { clock, paint, table } from '../terminal/table.ts';
import { gotOutText, stoppedText } from './incident-words.ts';

/** Messages listed. `--json` and `--csv` have all. */
const listedMax = 50;

export function incidentListText(incidents: readonly IncidentBasis[]): string {
  if (incidents.length === 0) return 'No incident is known.\n';
  return table(
    [
      { title: 'ID' },
      { title: 'ACCOUNT' },
      { title: 'SUSPENDED' },
      { title: 'GOT OUT', align: 'right' },
      { title: 'RECIPIENTS', align: 'right' },
      { title: 'STOPPED', align: 'right' },
      { title: 'STATE' },
    ],
    incidents.map((one) => [
      plain(one.id),
      plain(one.account),
      one.suspendedAt === undefined ? 'no' : clock(one.suspendedAt),
      ...(one.kind === 'replies'
        ? ['—', '—', '—']
        : [String(one.leakedMessages), String(one.leakedRecipients), stoppedCell(one)]),
      stateText(one),
    ]),
  );
}

function stoppedCell({ observed, stoppedMessages, wouldStopMessages }: IncidentBasis): string {
  return observed ? `0 (would: ${wouldStopMessages})` : String(stoppedMessages);
}

function stateText({ endedAt, endedBy, kind, observed }: IncidentBasis): string {
  // A row of the ledger has null where JSON has nothing.
  const isOpen = endedAt === undefined || endedAt === null;
  if (kind === 'replies') return isOpen ? 'bad replies of a provider' : 'ended';
  const state = isOpen ? 'open' : `ended by ${plain(endedBy)}`;
  return observed ? `${state}, only observed: nothing was stopped` : state;
}

export function incidentText(detail: IncidentDetail): string {
  const { incident, leaked } = detail;
  const head =
    `Incident ${plain(incident.id)} of ${plain(incident.account)}: ` +
    `${paint('bold', stateText(incident))}\n${began(incident)}` +
    `${gotOutText(incident)}, ${stoppedText(incident)}.\n`;
  const why =
    incident.reasons.length === 0
      ? ''
      : `${paint('bold', 'Why')}\n${reasonLines(incident.reasons)}`;
  const more =
    leaked.length > listedMax
      ? `All ${leaked.length}: postern incidents show ${plain(incident.id)} --csv\n`
      : '';
  const report =
    'What a provider or an abuse desk asks for: ' +
    `postern incidents report ${plain(incident.id)}\n`;
  return [head, why, timelineText(detail.timeline), leakedText(detail, listedMax) + more, report]
    .filter((part) => part !== '')
    .join('\n');
}

function began({ by, observed, since, suspendedAt }: IncidentBasis): string {
  if (suspendedAt === undefined) return `First sign ${clock(since)}; not suspended.\n`;
  const what = observed ? 'would have been suspended' : 'suspended';
  return `First sign ${clock(since)}, ${what} ${clock(suspendedAt)} by ${plain(by)}.\n`;
}

function timelineText(timeline: readonly TimelineEntry[]): string {
  if (timeline.length === 0) return '';
  const lines = timeline.map(({ at, quote, text, until }) => {
    const last = until === undefined ? '' : ` (last ${clock(until)})`;
    const words = quote === '' ? '' : `\n    ${paint('dim', plain(quote))}`;
    return `  ${clock(at)}  ${plain(text)}${last}${words}\n`;
  });
  return `${paint('bold', 'Timeline')}\n${lines.join('')}`;
}
