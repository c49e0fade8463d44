/** Incidents as text for a terminal. Pure. */
import type { IncidentView } from '../../ports/admin.ts';
import type { IncidentDetail } from '../../ports/asking.ts';
import { reasonLines } from '../accounts/accounts-text.ts';
import { leakedText } from '../find/leaked-text.ts';
import { many, plain } from '../terminal/format.ts';
import { clock, paint, table } from '../terminal/table.ts';

/** Messages listed. `--json` and `--csv` have all. */
const listedMax = 50;

export function incidentListText(incidents: readonly IncidentView[]): string {
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
      clock(one.suspendedAt),
      String(one.leakedMessages),
      String(one.leakedRecipients),
      String(one.stoppedMessages),
      stateText(one),
    ]),
  );
}

function stateText({ endedAt, endedBy, observed }: IncidentView): string {
  // A row of the ledger has null where JSON has nothing.
  const isOpen = endedAt === undefined || endedAt === null;
  const state = isOpen ? 'open' : `ended by ${plain(endedBy)}`;
  return observed ? `${state}, only observed` : state;
}

export function incidentText(detail: IncidentDetail): string {
  const { incident, leaked } = detail;
  const head =
    `Incident ${plain(incident.id)} of ${plain(incident.account)}: ` +
    `${paint('bold', stateText(incident))}\n` +
    `First sign ${clock(incident.since)}, suspended ${clock(incident.suspendedAt)} by ` +
    `${plain(incident.by)}.\n` +
    `${many(incident.leakedMessages, 'message')} to ` +
    `${many(incident.leakedRecipients, 'recipient')} got out, ` +
    `${many(incident.stoppedMessages, 'message')} stopped, ${incident.queuedHeld} of them taken ` +
    'from the queue.\n';
  const why =
    incident.reasons.length === 0
      ? ''
      : `${paint('bold', 'Why')}\n${reasonLines(incident.reasons)}`;
  const more =
    leaked.length > listedMax
      ? `All ${leaked.length}: postern incidents show ${plain(incident.id)} --csv\n`
      : '';
  return [head, why, leakedText(detail, listedMax) + more].filter((part) => part !== '').join('\n');
}
