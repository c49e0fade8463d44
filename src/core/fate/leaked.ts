/**
 * Tells the mail of a thief from that of the owner, among what an account sent before it was
 * stopped. Each piece of evidence counts for one side. Where they are even, the answer is that it
 * is not clear: an operator who tells recipients that a message was forged must be right. Pure.
 */
import type { Millis } from '../../lib/time.ts';
import { networkOf } from '../client/network.ts';

/** A message that the account sent. Addresses and subject are empty where they are not kept. */
export type AccountMail = {
  readonly id: string;
  readonly at: Millis;
  readonly client: string;
  readonly headerFrom: string;
  readonly subject: string;
  /** Equal for copies of one text. */
  readonly fingerprint: string;
  readonly recipients: readonly string[];
};

export type LeakEvidence = {
  /** The first sign of the hijack. */
  readonly since: Millis;
  /** Networks and From addresses that the reasons of the suspension name. */
  readonly networks: readonly string[];
  readonly froms: readonly string[];
  /** What the account sent in the days before the first sign. */
  readonly earlier: readonly AccountMail[];
  /** Had the account written to this address before the first sign? Undefined: not known. */
  readonly wasWrittenTo: (address: string) => boolean | undefined;
};

export const leakMarks = ['thief', 'owner', 'unclear'] as const;
export type LeakMark = (typeof leakMarks)[number];

export const leakWords: Readonly<Record<LeakMark, string>> = {
  thief: "likely the thief's",
  owner: "likely the owner's",
  unclear: 'not clear',
};

export type MarkedMail<Mail extends AccountMail> = {
  readonly mail: Mail;
  readonly mark: LeakMark;
  /** The evidence in words, strongest first. */
  readonly why: readonly string[];
};

type Sign = { readonly weight: number; readonly text: string };

/** From this sum on, one side is likely. Below, it is not clear. */
const likely = 2;
/** Messages with the same subject or text that make a burst. */
const burstMin = 3;

/** Marks each message of `sent`, which are those from the first sign on and a little before. */
export function markLeaked<Mail extends AccountMail>(
  sent: readonly Mail[],
  evidence: LeakEvidence,
): readonly MarkedMail<Mail>[] {
  const usual = habitsOf(evidence.earlier);
  const during = sent.filter(({ at }) => at >= evidence.since);
  const copies: Copies = {
    subjects: counted(during.map(({ subject }) => copyKey(subject))),
    texts: counted(during.map(({ fingerprint }) => fingerprint)),
  };
  return sent.map((mail) => marked(mail, evidence, usual, copies));
}

type Counts = ReadonlyMap<string, number>;
type Copies = { readonly subjects: Counts; readonly texts: Counts };

function counted(keys: readonly string[]): Counts {
  const counts = new Map<string, number>();
  for (const key of keys) if (key !== '') counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

type Habits = {
  readonly networks: ReadonlySet<string>;
  readonly froms: ReadonlySet<string>;
  readonly subjects: ReadonlySet<string>;
  readonly texts: ReadonlySet<string>;
};

function habitsOf(earlier: readonly AccountMail[]): Habits {
  return {
    networks: nonEmpty(earlier.map(({ client }) => networkOf(client))),
    froms: nonEmpty(earlier.map(({ headerFrom }) => headerFrom)),
    subjects: nonEmpty(earlier.map(({ subject }) => copyKey(subject))),
    texts: nonEmpty(earlier.map(({ fingerprint }) => fingerprint)),
  };
}

function nonEmpty(values: readonly string[]): ReadonlySet<string> {
  return new Set(values.filter((value) => value !== ''));
}

/** Copies differ in numbers and in a Re: at most. */
function copyKey(subject: string): string {
  return subject
    .toLowerCase()
    .replace(/^(?:\s*(?:re|aw|fwd?|wg)\s*:)+/, '')
    .replace(/[\d#]+/g, '0')
    .replace(/\s+/g, ' ')
    .trim();
}

function marked<Mail extends AccountMail>(
  mail: Mail,
  evidence: LeakEvidence,
  usual: Habits,
  copies: Copies,
): MarkedMail<Mail> {
  if (mail.at < evidence.since) {
    return { mail, mark: 'owner', why: ['sent before the first sign'] };
  }
  const signs = [
    ...networkSigns(mail, evidence, usual),
    ...fromSigns(mail, evidence, usual),
    ...copySigns(mail, usual, copies),
    ...recipientSigns(mail, evidence),
  ].sort((one, other) => Math.abs(other.weight) - Math.abs(one.weight));
  const sum = signs.reduce((total, { weight }) => total + weight, 0);
  const mark: LeakMark = sum >= likely ? 'thief' : sum <= -likely ? 'owner' : 'unclear';
  const speaking = signs.filter(
    ({ weight }) => mark === 'unclear' || Math.sign(weight) === Math.sign(sum),
  );
  const why = speaking.map(({ text }) => text);
  return { mail, mark, why: why.length === 0 ? ['nothing tells them apart'] : why };
}

/** Positive for the thief, negative for the owner. */
function networkSigns(mail: AccountMail, evidence: LeakEvidence, usual: Habits): readonly Sign[] {
  const network = networkOf(mail.client);
  if (network === '') return [];
  if (evidence.networks.includes(network)) {
    return [{ weight: 3, text: `sent from ${network}, the network of the attack` }];
  }
  if (usual.networks.has(network)) {
    // Where the attack has a network of its own, this one speaks louder for the owner.
    const weight = evidence.networks.length > 0 ? -3 : -2;
    return [{ weight, text: `sent from ${network}, which the account used before` }];
  }
  if (usual.networks.size === 0) return [];
  return [{ weight: 2, text: `sent from ${network}, a new network` }];
}

function fromSigns(mail: AccountMail, evidence: LeakEvidence, usual: Habits): readonly Sign[] {
  const { headerFrom } = mail;
  if (headerFrom === '') return [];
  const isNew = usual.froms.size > 0 && !usual.froms.has(headerFrom);
  if (!isNew && !evidence.froms.includes(headerFrom)) return [];
  return [{ weight: 2, text: `From: ${headerFrom}, which the account did not use before` }];
}

/** A thief sends one text under many subjects, or many texts under one. */
function copySigns(
  { fingerprint, subject }: AccountMail,
  usual: Habits,
  { subjects, texts }: Copies,
): readonly Sign[] {
  const key = copyKey(subject);
  if (usual.subjects.has(key) || usual.texts.has(fingerprint)) return [];
  for (const [count, what] of [
    [subjects.get(key) ?? 0, 'subject'],
    [texts.get(fingerprint) ?? 0, 'text'],
  ] as const) {
    if (count >= burstMin) {
      return [{ weight: 2, text: `one of ${count} messages with the same ${what}` }];
    }
  }
  return [];
}

function recipientSigns(
  { recipients }: AccountMail,
  { wasWrittenTo }: LeakEvidence,
): readonly Sign[] {
  const known = recipients
    .filter((address) => address !== '')
    .map((address) => wasWrittenTo(address));
  if (known.length === 0 || known.includes(undefined)) return [];
  const before = known.filter((one) => one === true).length;
  if (before === known.length) {
    const text = 'written only to people that the account wrote to before';
    return [{ weight: -2, text }];
  }
  return before === 0 ? [{ weight: 1, text: 'written only to strangers' }] : [];
}
