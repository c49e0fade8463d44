/** Opens what remembers who wrote to people here, and which domains mail from here is about. */
import type { People } from '../../core/account/count-recipients.ts';
import type { Account } from '../../core/account-name.ts';
import { mailboxesOf } from '../../core/authors/own.ts';
import type { MailPlace } from '../../core/authors/place.ts';
import { Correspondents } from '../../core/correspondents/correspondents.ts';
import type { WroteIn } from '../../core/correspondents/wrote-in.ts';
import type { Submission } from '../../core/event.ts';
import { isMadeUpAccount } from '../../core/made-up.ts';
import { LedgerMemory, type LedgerMemoryDeps } from '../../flow/correspondents/ledger-memory.ts';
import type { Millis } from '../../lib/time.ts';
import type { CorrespondentsOlderThan } from '../../ports/inbound/correspondents.ts';
import type { DaemonParts } from '../base/options.ts';

export type DaemonCorrespondents = {
  /** What the guard asks. */
  readonly people: Omit<People, 'seed' | 'knownHere'>;
  /** As of Correspondents. */
  passed(message: Submission, isToNew: boolean): void;
  /** Takes who wrote wanted mail that was accepted. */
  wroteIn(who: WroteIn, at: Millis): void;
  /** How many have written to an account; undefined without verification. */
  writersTo(account: Account): number | undefined;
  /** What is too old. */
  olderThan(now: Millis): CorrespondentsOlderThan;
  /** Removes who wrote to which mailbox from memory; the ledger's rows are removed there. */
  forgetAddress(): void;
  /** Of Postfix: characters behind which a mailbox may have an extension. */
  delimiters(): string;
  /** Takes what is known of the mail server. */
  setPlace(place: () => MailPlace): void;
};

const anywhere: MailPlace = {
  hostNames: new Set(),
  localUserDomains: new Set(),
  ownDomains: new Set(),
  origin: '',
  delimiters: '',
  masqueraded: [],
};

export function openDaemonCorrespondents(
  { config, world }: Pick<DaemonParts, 'config' | 'world'>,
  of: LedgerMemoryDeps,
): DaemonCorrespondents {
  let place = (): MailPlace => anywhere;
  const memory = new LedgerMemory(of);
  const known = new Correspondents({
    memory,
    now: () => world.clock.now(),
    seed: of.seed,
    mailboxesOf: (account) => mailboxesOf(account, place()),
  });
  return {
    people: {
      // Without verification, nobody knows who wrote.
      ...(config.verify.enabled
        ? { wroteFirst: (account, recipient, as) => known.wroteFirst(account, recipient, as) }
        : {}),
      isCommonDomain: (domain) => known.isCommonDomain(domain),
      isKnownLink: (domain, at) => known.isKnownLink(domain, at),
    },
    passed(message, isToNew) {
      if (!isMadeUpAccount(message.account)) known.passed(message, isToNew);
    },
    wroteIn({ author, mailboxes }, at) {
      for (const mailbox of mailboxes) known.wroteIn(mailbox, author, at);
    },
    writersTo(account) {
      if (!config.verify.enabled) return undefined;
      const counts = mailboxesOf(account, place()).map((mailbox) => memory.writersTo(mailbox));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    olderThan: (now) => memory.olderThan(now),
    forgetAddress: () => memory.forgetAddress(),
    delimiters: () => place().delimiters,
    setPlace(found) {
      place = found;
    },
  };
}
