/**
 * The ledger as the running guard uses it: a damaged page does not end the guard. What cannot be
 * read counts as not stored, and `tell` gets the reason. An account that cannot be read is still
 * suspended if its incident is open.
 *
 * Small values (`meta`) are the exception: with a made-up seed the guard would take all recipients
 * for strangers.
 */
import { decodeProfile, encodeProfile, newProfile } from '../../../core/account/profile.ts';
import { suspendByHand } from '../../../core/account/record.ts';
import type { Account } from '../../../core/account-name.ts';
import { type HeldSum, nothingHeld } from '../../../core/verdict.ts';
import { faultText } from '../../../lib/error-text.ts';
import { OperatorError } from '../../../lib/operator-error.ts';
import type { CorrespondentLedger } from '../../../ports/inbound/correspondents.ts';
import type { InboundLedger } from '../../../ports/inbound/inbound.ts';
import type { AccountRecord, FoundAccounts, IncidentRow, Ledger } from '../../../ports/ledger.ts';
import { isUnreadablePage } from '../tables/faults.ts';

/** Answers with `otherwise` where a page cannot be read. */
type Steadily = <Given extends readonly unknown[], Answer>(
  read: (...given: Given) => Answer,
  otherwise: (...given: Given) => Answer,
) => (...given: Given) => Answer;

export function steadyLedger(ledger: Ledger, tell: (why: string) => void): Ledger {
  let damaged = false;
  const found = (error: unknown): void => {
    damaged = true;
    tell(faultText(error instanceof OperatorError ? (error.cause ?? error) : error));
  };
  const steadily: Steadily =
    (read, otherwise) =>
    (...given) => {
      try {
        return read(...given);
      } catch (error) {
        if (error instanceof OperatorError && !isUnreadablePage(error)) throw error;
        found(error);
        return otherwise(...given);
      }
    };
  const telling =
    <Given extends readonly unknown[], Answer>(change: (...given: Given) => Answer) =>
    (...given: Given): Answer => {
      try {
        return change(...given);
      } catch (error) {
        if (error instanceof OperatorError && error.code === 'ledger-corrupt') found(error);
        throw error;
      }
    };
  const incidents = steadily(ledger.incidents, none);
  const suspended = (account: Account): AccountRecord | undefined => {
    const [incident] = incidents({ account, open: true, limit: 1 });
    return incident === undefined || incident.observed ? undefined : recordOf(incident);
  };
  return {
    ...ledger,
    damaged: () => damaged,
    write: telling(ledger.write),
    prune: telling(ledger.prune),
    forget: telling(ledger.forget),
    removeAccount: telling(ledger.removeAccount),
    loadAccount: steadily((account) => readable(ledger.loadAccount(account)), suspended),
    knownHere: steadily(ledger.knownHere, nothing),
    accounts: steadily(ledger.accounts, none),
    countAccounts: steadily(ledger.countAccounts, zero),
    findAccounts: steadily(ledger.findAccounts, noAccounts),
    messagesOf: steadily(ledger.messagesOf, none),
    message: steadily(ledger.message, nothing),
    handover: steadily(ledger.handover, nothing),
    stories: steadily(ledger.stories, none),
    story: steadily(ledger.story, nothing),
    observedSince: steadily(ledger.observedSince, none),
    held: steadily(ledger.held, none),
    heldOne: steadily(ledger.heldOne, nothing),
    countHeld: steadily(ledger.countHeld, zero),
    heldSum: steadily(ledger.heldSum, noMail),
    heldMost: steadily(ledger.heldMost, none),
    oldestHeldAt: steadily(ledger.oldestHeldAt, nothing),
    incidents,
    exemptions: steadily(ledger.exemptions, none),
    mayWriteAs: steadily(ledger.mayWriteAs, none),
    writtenAs: steadily(ledger.writtenAs, none),
    audit: steadily(ledger.audit, none),
    notices: steadily(ledger.notices, none),
    dkimKeys: steadily(ledger.dkimKeys, none),
    sendingDomains: steadily(ledger.sendingDomains, none),
    scripts: steadily(ledger.scripts, none),
    scriptRules: steadily(ledger.scriptRules, none),
    weakPasswords: steadily(ledger.weakPasswords, none),
    lanes: steadily(ledger.lanes, none),
    laneSamples: steadily(ledger.laneSamples, none),
    laneChanges: steadily(ledger.laneChanges, none),
    laneReplies: steadily(ledger.laneReplies, none),
    bulkDomains: steadily(ledger.bulkDomains, none),
    checklistItems: steadily(ledger.checklistItems, none),
    acknowledgements: steadily(ledger.acknowledgements, none),
    checklistChanges: steadily(ledger.checklistChanges, none),
    mailings: steadily(ledger.mailings, none),
    imports: steadily(ledger.imports, none),
    importedOf: steadily(ledger.importedOf, none),
    ...steadyInbound(ledger, steadily),
  };
}

function steadyInbound(
  ledger: InboundLedger & CorrespondentLedger,
  steadily: Steadily,
): InboundLedger & CorrespondentLedger {
  return {
    inboundMail: steadily(ledger.inboundMail, none),
    inboundOne: steadily(ledger.inboundOne, nothing),
    inboundDue: steadily(ledger.inboundDue, none),
    inboundByDay: steadily(ledger.inboundByDay, none),
    notBack: steadily(ledger.notBack, none),
    countNotBack: steadily(ledger.countNotBack, zero),
    deferredOne: steadily(ledger.deferredOne, nothing),
    known: steadily(ledger.known, nothing),
    sentNames: steadily(ledger.sentNames, none),
    countKnown: steadily(ledger.countKnown, zero),
    inboundAllowed: steadily(ledger.inboundAllowed, none),
    correspondent: steadily(ledger.correspondent, nothing),
    countCorrespondents: steadily(ledger.countCorrespondents, zero),
    domainUse: steadily(ledger.domainUse, nothing),
    countDomainUses: steadily(ledger.countDomainUses, zero),
  };
}

const none = (): readonly never[] => [];
const nothing = (): undefined => undefined;
const noAccounts = (): FoundAccounts => ({ found: [], count: 0 });
const zero = (): number => 0;
const noMail = (): HeldSum => nothingHeld;

/** Throws if the profile cannot be read: SQLite has no checksum for what is within a row. */
function readable(record: AccountRecord | undefined): AccountRecord | undefined {
  if (record !== undefined) decodeProfile(record.profile);
  return record;
}

function recordOf({ account, since, suspendedAt }: IncidentRow): AccountRecord {
  const profile = newProfile(since);
  suspendByHand(profile, suspendedAt);
  return {
    account,
    state: profile.state,
    profile: encodeProfile(profile),
    recipients: new Float64Array(),
    sinceMinutes: new Uint32Array(),
  };
}
