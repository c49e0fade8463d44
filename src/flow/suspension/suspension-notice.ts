/** What the operator is told about a suspension. Pure. */
import { noticeReasons } from '../../core/explain.ts';
import type { AccountFacts } from '../../core/incidents/account-facts.ts';
import type { Notice, NoticeFacts } from '../../core/notice.ts';
import { releaseCommands } from '../../core/release-commands.ts';
import { shellWords } from '../../lib/shell-words.ts';
import type { Millis } from '../../lib/time.ts';
import type { IncidentRow } from '../../ports/ledger.ts';

/** What one notice has of a kind. The account's own page has more. */
const listedMax = 5;
const answersMax = 3;
/** Addresses in one notice. The command in it lists all. */
const addressesMax = 5;

/** What is known of an incident when its notice is sent. */
export type IncidentKnown = {
  /** Recipients of the mail that got out, those to name first. */
  readonly reached: readonly string[];
  /** Undefined: not asked yet, or it could not be found out. */
  readonly facts: AccountFacts | undefined;
};

export const nothingKnown: IncidentKnown = { reached: [], facts: undefined };

export function suspensionNotice(
  incident: IncidentRow,
  { facts, reached }: IncidentKnown,
  from: { readonly host: string; readonly at: Millis; readonly iso: (at: Millis) => string },
): Notice {
  const { host, at, iso } = from;
  const stopped = incident.stoppedMessages + incident.queuedHeld;
  const { falseAlarm, hijacked } = releaseCommands(incident.account);
  const reasons = noticeReasons(incident.reasons);
  const room = Math.max(0, addressesMax - addressesIn(reasons));
  const named = reached.slice(0, room);
  // Where it is known who got mail, that is told; else the recipients.
  const others = named.length > 0 ? 0 : room;
  return {
    version: 1,
    event: incident.observed ? 'account.would-suspend' : 'account.suspended',
    id: incident.id,
    host,
    at: iso(at),
    account: incident.account,
    since: iso(incident.since),
    leaked: {
      // In mode observe all has left.
      messages: incident.leakedMessages + (incident.observed ? incident.stoppedMessages : 0),
      recipients: incident.leakedRecipients,
    },
    ...(named.length === 0 ? {} : { reached: named }),
    stopped: { messages: incident.observed ? 0 : stopped, fromQueue: incident.queuedHeld },
    ...(incident.observed ? { wouldStop: { messages: stopped } } : {}),
    ...(facts === undefined ? {} : { facts: noticeFacts(facts, others, iso) }),
    loginClosed: incident.loginClosed,
    reasons,
    // What was only observed has held nothing that could leave.
    undo: incident.observed ? falseAlarm : hijacked,
    falseAlarm,
    explain: shellWords('postern', 'accounts', 'show', incident.account),
    page: `/incidents/${encodeURIComponent(incident.id)}`,
  };
}

function noticeFacts(
  facts: AccountFacts,
  addresses: number,
  iso: (at: Millis) => string,
): NoticeFacts {
  const { answers, clientCount, clients, domains, password, recipients, subjects } = facts;
  const login = facts.lastLogin;
  return {
    clients: clients.slice(0, listedMax).map(({ address, messages, network, networkSince }) => ({
      address,
      network,
      ...(networkSince === undefined ? {} : { networkSince: iso(networkSince) }),
      messages,
    })),
    clientCount,
    subjects: subjects.slice(0, listedMax),
    recipients: recipients.slice(0, addresses),
    domains: domains.slice(0, listedMax),
    ...(login === undefined ? {} : { lastLogin: { ...login, at: iso(login.at) } }),
    password: password.text,
    answers: answers
      .slice(0, answersMax)
      .map(({ messages, name, reply }) => ({ provider: name, messages, reply })),
  };
}

function addressesIn(reasons: Notice['reasons']): number {
  return reasons.reduce((sum, { text }) => sum + (text.match(/[^\s@]+@[^\s@]+/g)?.length ?? 0), 0);
}
