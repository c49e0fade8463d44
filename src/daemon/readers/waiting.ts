/** Opens what decides whether mail that comes in waits, with its settings. */
import type { Config } from '../../config/schema.ts';
import type { Submission } from '../../core/event.ts';
import type { Stance } from '../../core/inbound/greylist/judgement.ts';
import { AllowedSenders } from '../../flow/inbound/waiting/allowed-senders.ts';
import { openAtRiskTold } from '../../flow/inbound/waiting/at-risk-told.ts';
import { type ContactAsked, openContactAsked } from '../../flow/inbound/waiting/contact-asked.ts';
import { openDigests } from '../../flow/inbound/waiting/digests.ts';
import { openInboundAdmin } from '../../flow/inbound/waiting/inbound-admin.ts';
import { KnownSenders } from '../../flow/inbound/waiting/known-senders.ts';
import {
  InboundJudge,
  type JudgeDeps,
  type JudgeSettings,
} from '../../flow/inbound/waiting/message-judged.ts';
import {
  WaitingInbound,
  type WaitingSettings,
} from '../../flow/inbound/waiting/waiting-inbound.ts';
import type { Journal } from '../../flow/journal/journal.ts';
import type { Notices } from '../../flow/notices/notices.ts';
import type { ScannerQueue } from '../../flow/scan/scanner-queue.ts';
import { domainOf } from '../../formats/message/address.ts';
import { isOwnDomain } from '../../formats/postfix/own-domains.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { Mutable } from '../../lib/type-tools.ts';
import { organisationOf } from '../../partners/dns/public-suffix.ts';
import type { CorrespondentsOlderThan } from '../../ports/inbound/correspondents.ts';
import type { InboundAdmin, KnownOlderThan, LetGoList } from '../../ports/inbound/inbound.ts';
import type { Ledger } from '../../ports/ledger.ts';
import type { Mta, UserMail } from '../../ports/mail-server.ts';
import type { Troubles } from '../../ports/troubles.ts';
import type { Resolver } from '../../ports/world.ts';
import type { DaemonParts } from '../base/options.ts';
import { duration } from '../base/settings.ts';
import type { DaemonCorrespondents } from './correspondents.ts';

export type DaemonWaiting = {
  /** Undefined without a resolver: mail that comes in is not looked at. */
  readonly judge: InboundJudge | undefined;
  readonly admin: InboundAdmin;
  /** Answers the policy door for clients without a login. */
  readonly strangers: ContactAsked['ask'];
  /** A message of an account here was let through. */
  wrote(message: Submission): void;
  readonly known: KnownSenders;
  /** What goes of what is known of senders and correspondents. */
  olderThan(now: Millis): {
    readonly known: readonly KnownOlderThan[];
    readonly correspondents: CorrespondentsOlderThan;
  };
  configure(config: Config): void;
  forgetAddress(address: string): void;
};

type Given = {
  readonly userMail: UserMail;
  readonly journal: Journal;
  readonly ledger: Ledger;
  readonly seed: () => number;
  readonly correspondents: DaemonCorrespondents;
  readonly mta: Mta | undefined;
  readonly letGo: LetGoList | undefined;
  readonly troubles: Troubles;
  readonly notices: Pick<Notices, 'prepare'>;
  readonly localDomains: ReadonlySet<string>;
  readonly mayRelay: (client: string) => boolean;
  readonly queues: () => readonly ScannerQueue[];
  readonly resolve: Resolver | undefined;
  readonly iso: (at: Millis) => string;
} & Pick<JudgeDeps, 'isProvenReturn' | 'spam'>;

/** A message to more people is no correspondence. */
const correspondentsMax = 50;
/** In the first week, hardly anybody is known. */
const learningMs = 7 * dayMs;
const sinceKey = 'inbound-since';

export function openDaemonWaiting(parts: DaemonParts, given: Given): DaemonWaiting {
  const { config, host, scope, world } = parts;
  const { correspondents, iso, journal, ledger, localDomains, mayRelay, queues, resolve } = given;
  const since = learningSince(journal, world.clock.now(), resolve !== undefined);
  const settings = settingsOf(config, given, since);
  const allowed = new AllowedSenders(ledger.inboundAllowed(), config.inbound.allow);
  const known = new KnownSenders({ journal, ledger, allowed, seed: given.seed });
  const mailDate = (at: Millis): string => new Date(at).toUTCString().replace('GMT', '+0000');
  const deps = { mailDate, journal, known, queues, mayRelay, host, world, settings };
  const judge =
    resolve === undefined
      ? undefined
      : new InboundJudge({
          ...deps,
          resolve,
          isProvenReturn: given.isProvenReturn,
          spam: given.spam,
          correspondents,
          deadlineMs: duration(config.verify.deadline),
          waiting: () => waiting,
        });
  const waiting = new WaitingInbound({
    journal,
    ledger,
    mta: given.mta,
    list: given.letGo,
    troubles: given.troubles,
    world,
    settings,
    judgeAgain: async (row) => (await judge?.again(row)) ?? 'release',
    over: (queueId) => judge?.over(queueId),
  });
  scope.defer(() => waiting.close());
  const { userMail: mail } = given;
  const digests = openDigests({ journal, waiting, mail, localDomains, world, iso, settings });
  scope.defer(() => digests.close());
  const atRisk = openAtRiskTold({ ...given, host, world });
  scope.defer(() => atRisk.close());
  const contacts =
    resolve === undefined
      ? undefined
      : openContactAsked({ known, resolve, mayRelay, host, world, settings });
  return {
    judge,
    known,
    strangers: (request, answer) =>
      contacts === undefined ? answer({ kind: 'pass' }) : contacts.ask(request, answer),
    admin: openInboundAdmin({
      journal,
      ledger,
      known,
      allowed,
      waiting,
      world,
      policy: () => settings.policy,
      organisationOf,
    }),
    wrote({ outside, at, sender = '' }) {
      // Without a sender it is an automatic answer or a notice: nobody here wrote it.
      if (judge === undefined || outside.length === 0 || sender === '') return;
      if (outside.length > correspondentsMax) return;
      const domains = outside.map((to) => settings.policy.organisationOf(domainOf(to)));
      for (const domain of new Set(domains)) {
        if (domain !== undefined) known.see('written-to', `@${domain}`, at);
      }
    },
    olderThan: (now) => ({
      known: known.olderThan(now),
      correspondents: correspondents.olderThan(now),
    }),
    forgetAddress(address) {
      waiting.forgetAddress(address);
      // Also what is not yet in the ledger, from where it is deleted.
      known.forget('written-to', address);
      correspondents.forgetAddress();
    },
    configure(changed) {
      Object.assign(settings, settingsOf(changed, given, since));
      allowed.configure(changed.inbound.allow);
    },
  };
}

/** Quarantined mail is in the Postfix of this machine, which also knows its recipients. */
/** When Postern began to look at mail that comes in; from then on it learns who writes here. */
function learningSince(journal: Journal, now: Millis, isLooking: boolean): Millis {
  const stored = Number(journal.live.meta(sinceKey) ?? 0);
  if (stored > 0) return stored as Millis;
  if (isLooking) journal.add({ kind: 'meta', key: sinceKey, value: String(now) });
  return now;
}

type AllSettings = Mutable<JudgeSettings> &
  Mutable<WaitingSettings> & { digestMinute: number | undefined; contact: string };

function settingsOf(config: Config, given: Given, since: Millis): AllSettings {
  const { localDomains, queues } = given;
  const { inbound, contact } = config;
  const stance = stanceOf(config, queues().length > 0);
  const [hour = '', minute = ''] = inbound.digest_at.split(':');
  return {
    policy: {
      stance,
      waitMs: duration(inbound.wait),
      learningUntil: (since + learningMs) as Millis,
      isOurs: (domain) => isOwnDomain(localDomains, domain),
      organisationOf,
    },
    junkFields: inbound.junk_header.map((field) => {
      const colon = field.indexOf(': ');
      return { name: field.slice(0, colon), value: field.slice(colon + 2) };
    }),
    dnsbl: inbound.dnsbl,
    dnswl: inbound.dnswl,
    defersAt: inbound.defer_at,
    holds: stance === 'wait',
    quarantineMs: duration(inbound.quarantine),
    tells: inbound.digest_at !== 'off',
    digestMinute: inbound.digest_at === 'off' ? undefined : Number(hour) * 60 + Number(minute),
    contact,
  };
}

function stanceOf({ inbound, mode }: Config, hasScanner: boolean): Stance {
  if (mode === 'observe') return 'observe';
  if (inbound.stance !== 'auto') return inbound.stance;
  return hasScanner ? 'wait' : 'observe';
}
