/**
 * Judges mail of scripts by the register's rules. A rule names scripts by path and says to which
 * recipients they write, as which sender, and how often. Mail without a rule or outside its rule is
 * held in mode `guard` and only reported in mode `observe`. Pure.
 */
import { addressKey, domainOf } from '../../formats/message/address.ts';
import { asciiDomain, authorDomains } from '../../formats/message/author-domains.ts';
import { firstMailbox } from '../../formats/message/header.ts';
import type {
  ScriptFinding,
  ScriptMail,
  ScriptReason,
  ScriptSubmitter,
  SomeAddresses,
} from '../script-mail.ts';
import { addressesIn, headerInjection } from './header-injection.ts';
import { matchesPath, weightOf } from './path-glob.ts';
import { isByRight, subjectOf } from './submitter.ts';

export const scriptModes = ['observe', 'guard'] as const;
export type ScriptMode = (typeof scriptModes)[number];

/** Entries are addresses, or `@example.org` for a domain, or `@*.example.org` for all below it. */
export type RecipientRule =
  | { readonly kind: 'any' }
  | { readonly kind: 'listed'; readonly entries: readonly string[] }
  /** The form's owners, and at most one other: the visitor who gets a copy. */
  | { readonly kind: 'owner-and-visitor'; readonly owners: readonly string[] };

export type ScriptRate = { readonly messages: number; readonly perMs: number };

export const ruleEffects = ['allow', 'deny', 'observe'] as const;
/** observe: the script may send everything, and findings are only reported. */
export type RuleEffect = (typeof ruleEffects)[number];

export type ScriptRule = {
  readonly id: string;
  /** A pattern (path-glob.ts), or `user:NAME` for mail of a user without a known script. */
  readonly path: string;
  /** Only scripts of this user; undefined: of any user. */
  readonly uid: number | undefined;
  readonly recipients: RecipientRule;
  /** Allowed senders, in From and envelope; entries as for recipients. Empty: any. */
  readonly from: readonly string[];
  readonly rate: ScriptRate | undefined;
  readonly effect: RuleEffect;
};

export type Register = {
  readonly mode: ScriptMode;
  readonly rules: readonly ScriptRule[];
  /** Users whose mail needs no rule if no script is known. root is always trusted. */
  readonly trustedUsers: ReadonlySet<string>;
  /** How many earlier messages of this user came under the rule within its time. */
  readonly sentLately: (rule: ScriptRule) => number;
};

/** Characters of a From field in which addresses are looked for; authorDomains reads as many. */
const bracketsLengthMax = 16_384;
/** Addresses that a reason keeps. */
const namedMax = 3;

export function judgeScriptMail(register: Register, mail: ScriptMail): ScriptFinding {
  const rule = ruleOf(register.rules, mail.submitter);
  const findings = rule === undefined ? unruled(register, mail) : ruled(register, rule, mail);
  const holds = register.mode === 'guard' && rule?.effect !== 'observe' && findings.length > 0;
  return {
    verdict: holds ? 'hold' : 'pass',
    reasons: holds ? findings : [],
    findings,
    rule: rule?.id ?? '',
  };
}

/** The most specific rule for a script; of two equal ones, the one that denies. */
export function ruleOf(
  rules: readonly ScriptRule[],
  submitter: ScriptSubmitter,
): ScriptRule | undefined {
  const subject = subjectOf(submitter);
  let best: ScriptRule | undefined;
  for (const rule of rules) {
    if (rule.uid !== undefined && rule.uid !== submitter.uid) continue;
    // A user who names another user's script gets its rules only if the rule names that user, or if
    // it denies. Otherwise naming it would bypass the register.
    if (rule.uid === undefined && rule.effect !== 'deny' && !isByRight(submitter)) continue;
    if (!matchesPath(rule.path, subject)) continue;
    if (best === undefined || before(rule, best)) best = rule;
  }
  return best;
}

function before(rule: ScriptRule, other: ScriptRule): boolean {
  const more = weightOf(rule.path) - weightOf(other.path);
  if (more !== 0) return more > 0;
  if ((rule.uid === undefined) !== (other.uid === undefined)) return rule.uid !== undefined;
  return rule.effect === 'deny' && other.effect !== 'deny';
}

/** Does this submitter's mail need no rule? True for cron and the administrator. */
function isTrusted(submitter: ScriptSubmitter, trustedUsers: ReadonlySet<string>): boolean {
  return submitter.uid === 0 || (submitter.script === '' && trustedUsers.has(submitter.user));
}

function unruled({ trustedUsers }: Register, mail: ScriptMail): readonly ScriptReason[] {
  if (isTrusted(mail.submitter, trustedUsers)) return [];
  const { script, user, uid } = mail.submitter;
  const who = user === '' ? `user number ${uid}` : user;
  return [
    { signal: 'script-unknown', script, user: who },
    ...injected(mail, { manyAllowed: false }),
  ];
}

function ruled(register: Register, rule: ScriptRule, mail: ScriptMail): readonly ScriptReason[] {
  if (rule.effect === 'deny') {
    return [{ signal: 'script-denied', rule: rule.id }];
  }
  return [
    ...wrongRecipients(rule, mail),
    ...wrongSender(rule, mail),
    ...tooFast(rule, register.sentLately),
    ...injected(mail, {
      manyAllowed: rule.recipients.kind !== 'owner-and-visitor',
      isNamed: (address) => isListedRecipient(address, namedIn(rule.recipients)),
    }),
  ];
}

function wrongRecipients({ id, recipients }: ScriptRule, mail: ScriptMail): ScriptReason[] {
  switch (recipients.kind) {
    case 'any':
      return [];
    case 'listed': {
      const strangers = mail.recipients.filter((to) => !isListedRecipient(to, recipients.entries));
      if (strangers.length === 0) return [];
      return [{ signal: 'script-recipients', rule: id, others: some(strangers) }];
    }
    default: {
      const others = mail.recipients.filter((to) => !isListedRecipient(to, recipients.owners));
      if (others.length <= 1) return [];
      const owners = some(recipients.owners);
      return [{ signal: 'script-recipients', rule: id, others: some(others), owners }];
    }
  }
}

function wrongSender({ id, from }: ScriptRule, mail: ScriptMail): ScriptReason[] {
  if (from.length === 0) return [];
  // Every From counts: of two, nobody knows which one is shown.
  const fields = mail.header
    .filter(({ name }) => name.toLowerCase() === 'from')
    .map(({ value }) => value);
  const senders = fields.flatMap((value) => [
    firstMailbox(value),
    ...addressesIn(value),
    ...addressesInBrackets(value),
  ]);
  if (mail.sender !== '') senders.push(mail.sender);
  const wrong = senders.filter((sender) => !isListedRecipient(sender, from));
  // Where a field breaks the grammar, programs may read other names from it.
  const { domains, cut } = authorDomains(fields);
  const named = new Set(senders.map(domainOf));
  const others = domains.filter((domain) => !named.has(domain) && !isListedDomain(domain, from));
  wrong.push(...others.map((domain) => `@${domain}`), ...(cut ? [''] : []));
  if (wrong.length === 0) return [];
  return [{ signal: 'script-sender', rule: id, senders: some([...new Set(wrong)]) }];
}

function tooFast(rule: ScriptRule, sentLately: Register['sentLately']): ScriptReason[] {
  const { id, rate } = rule;
  if (rate === undefined) return [];
  const sent = sentLately(rule) + 1;
  if (sent <= rate.messages) return [];
  const { messages: allowed, perMs } = rate;
  return [{ signal: 'script-rate', rule: id, sent, allowed, perMs }];
}

/** The addresses that a rule names. They are allowed in every field. */
function namedIn(recipients: RecipientRule): readonly string[] {
  if (recipients.kind === 'listed') return recipients.entries;
  return recipients.kind === 'owner-and-visitor' ? recipients.owners : [];
}

function injected(mail: ScriptMail, how: Parameters<typeof headerInjection>[1]): ScriptReason[] {
  return headerInjection(mail, how).map((found) => ({ signal: 'header-injection', found }));
}

/** Is this address key among entries: addresses, `@domain`, `@*.domain`? */
export function isListedRecipient(address: string, entries: readonly string[]): boolean {
  const domain = domainOf(address);
  return entries.some((entry) => {
    if (!entry.startsWith('@')) return entry === address;
    if (domain === '') return false;
    if (entry.startsWith('@*.')) return domain.endsWith(entry.slice(2));
    return entry.slice(1) === domain;
  });
}

/** Is this domain, in A-labels, that of an entry? */
function isListedDomain(domain: string, entries: readonly string[]): boolean {
  return entries.some((entry) => {
    const at = asciiDomain(entry.slice(entry.lastIndexOf('@') + 1).replace(/^\*\./, '')) ?? '';
    return entry.startsWith('@*.') ? domain.endsWith(`.${at}`) : at === domain;
  });
}

/** Every address in angle brackets outside quotes: of two, nobody knows which one is shown. */
function addressesInBrackets(value: string): readonly string[] {
  const text = value.slice(0, bracketsLengthMax).replace(/"(?:[^"\\]|\\.)*"/gs, '');
  return [...text.matchAll(/<([^<>]*@[^<>]*)>/g)].map(([, address = '']) => addressKey(address));
}

function some(addresses: readonly string[]): SomeAddresses {
  return { first: addresses.slice(0, namedMax), count: addresses.length };
}
