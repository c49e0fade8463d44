/** What is stored of people who wrote to mailboxes here, and of domains. Types only. */
import type { DomainUse, UseKind } from '../../core/correspondents/domain-use.ts';

/** Hashes with the ledger's seed. `day`: when the sender last wrote to the mailbox. */
export type CorrespondentRow = {
  readonly mailbox: number;
  readonly sender: number;
  readonly day: number;
  /** How many others of the mailbox go first: those whose last mail is oldest. */
  readonly drops: number;
};

export type DomainUseRow = DomainUse & { readonly kind: UseKind; readonly key: number };

/** Asked for when it is written, as it grows until then. */
export type CorrespondentsWrite = {
  readonly pairs: () => readonly CorrespondentRow[];
  readonly uses: () => readonly DomainUseRow[];
};

export type CorrespondentsChange = {
  readonly kind: 'correspondents';
  readonly row: CorrespondentsWrite;
};

/** Older rows go, in days since 1970. */
export type CorrespondentsOlderThan = {
  readonly pairs: number;
  readonly uses: Readonly<Record<UseKind, number>>;
};

export type CorrespondentLedger = {
  /** The day on which this sender last wrote to this mailbox. */
  correspondent(mailbox: number, sender: number): number | undefined;
  /** How many have written to this mailbox; without one, how many pairs there are. */
  countCorrespondents(mailbox?: number): number;
  domainUse(kind: UseKind, key: number): DomainUse | undefined;
  countDomainUses(kind: UseKind): number;
};
