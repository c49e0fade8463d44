/** Gathers what an incident's timeline and report are made from. */

import { mxProvider } from '../../core/deliverability/providers.ts';
import { withShownReasons } from '../../core/explain.ts';
import { answersTo } from '../../core/incidents/answers.ts';
import type { IncidentFacts, IncidentMessage } from '../../core/incidents/facts.ts';
import { sufferedLanes } from '../../core/incidents/suffered.ts';
import type { Millis } from '../../lib/time.ts';
import type { LeakedView } from '../../ports/asking.ts';
import type { FoundMessage } from '../../ports/fate.ts';
import type { AskingDeps } from './found-view.ts';
import { type AnyIncident, blamedIn } from './incident-list.ts';

/** Rows of one kind that are read of one account. */
const rowsMax = 1_000;

/** A message that got out, as it is listed and as the day files have it. */
export type GotOut = { readonly leaked: LeakedView; readonly found: FoundMessage };

export function incidentFacts(
  deps: Omit<AskingDeps, 'asOfNow' | 'named'>,
  incident: AnyIncident,
  { caught, out }: { readonly out: readonly GotOut[]; readonly caught: readonly GotOut[] },
): IncidentFacts {
  const { live, now } = deps;
  const { laneChanges, replies } = deps.incidents;
  const { account, endedAt, kind } = incident;
  const mail = out.map(incidentMail);
  const tried = caught.map(incidentMail);
  const answers = answersTo([...mail, ...tried], replies, { nameOf: mxProvider });
  const blamed = blamedIn(deps, incident);
  const since = blamed.reduce<Millis>(
    (first, one) => Math.min(first, one.since) as Millis,
    incident.since,
  );
  const until = endedAt ?? now();
  const isIn = ({ at }: { readonly at: Millis }): boolean => at >= since && at <= until;
  const counted = kind === 'replies' ? { ...incident, ...countsOf(mail) } : incident;
  return {
    incident: withShownReasons(counted),
    mail,
    caught: tried,
    answers,
    lanes: sufferedLanes(laneChanges(since, now()), answers, { since, blamed }),
    stopped: live.stories({ account, limit: rowsMax }).filter(isIn),
    held: live.held({ account, limit: rowsMax }).filter(isIn),
    acts: live.audit({ account, limit: rowsMax }).filter(isIn),
  };
}

function incidentMail({ found, leaked }: GotOut): IncidentMessage {
  const { at, client, headerFrom, id, mark, messageId, recipientCount, script } = leaked;
  const { sender, subject } = leaked;
  const attempts = found.recipients.flatMap((one) => one.attempts);
  const message = { id, at, client, script, messageId, recipientCount, mark, attempts };
  return { ...message, sender, headerFrom, subject };
}

/** Nobody counted them while they were sent. */
function countsOf(mail: readonly IncidentMessage[]) {
  return {
    leakedMessages: mail.length,
    leakedRecipients: mail.reduce((sum, { recipientCount }) => sum + recipientCount, 0),
  };
}
