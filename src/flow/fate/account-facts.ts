/**
 * Gathers what a person wants to know before deciding about an account: from the day files, the
 * reasons in the ledger, and the account's profile. Where one has nothing, the rest is told.
 */
import { decodeProfile } from '../../core/account/profile.ts';
import type { Account } from '../../core/account-name.ts';
import { mxProvider } from '../../core/deliverability/providers.ts';
import {
  type AccountFacts,
  lastLogin,
  type PasswordWord,
  sentFacts,
} from '../../core/incidents/account-facts.ts';
import { answersTo } from '../../core/incidents/answers.ts';
import type { IncidentMessage } from '../../core/incidents/facts.ts';
import { lastAuditKey, summaryOf } from '../../core/passwords/audit-report.ts';
import type { ReplyClassifier } from '../../core/replies/classified.ts';
import { faultText } from '../../lib/error-text.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { FoundMessage } from '../../ports/fate.ts';
import type { IncidentRow } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import {
  type AskingDeps,
  asSentence,
  fateView,
  foundOrWhy,
  storedStory,
  type ViewDeps,
} from './found-view.ts';
import { reachedBy } from './incident-detail.ts';

/** Messages that are looked at. */
const mailMax = 500;
/** Mail before the first sign that may tell the owner's address. */
const earlierMax = 100;
const earlierMs = 7 * dayMs;
/** An incident that ended longer ago says nothing about mail of now. */
const incidentMs = 7 * dayMs;
/** Answers that are told. */
const answersMax = 10;

export type FactsDeps = ViewDeps &
  Pick<AskingDeps, 'fates' | 'now' | 'weakPassword'> & {
    readonly replies: Pick<ReplyClassifier, 'classify' | 'shape'>;
  };

export async function accountFacts(deps: FactsDeps, account: Account): Promise<AccountFacts> {
  const { live, replies } = deps;
  const record = live.loadAccount(account);
  const profile = record === undefined ? undefined : decodeProfile(record.profile);
  const since = firstSign(deps, account, profile?.since ?? 0);
  const networks = profile?.networks ?? [];
  const days = await foundOrWhy(deps, { account, since, limit: mailMax });
  const earlier = await foundOrWhy(deps, {
    account,
    since: (since - earlierMs) as Millis,
    until: (since - 1) as Millis,
    limit: earlierMax,
  });
  const all = [...days.found, ...withoutDays(deps, account, since, days.found)];
  const mail = all.map((found) => ({ found, view: fateView(found, deps).message }));
  const before = earlier.found.map((found) => fateView(found, deps).message);
  const views = mail.map(({ view }) => view);
  const messages = mail.map(({ found, view }): IncidentMessage => {
    return { ...view, mark: 'unclear', attempts: found.recipients.flatMap((one) => one.attempts) };
  });
  const missing = new Set([days.partial, earlier.partial].filter((why) => why !== ''));
  return {
    ...sentFacts(views, { networks, since }),
    since,
    lastLogin: lastLogin(networks, [...before, ...views], since),
    password: passwordWord(deps, account),
    answers: answersTo(messages, replies, { nameOf: mxProvider }).slice(0, answersMax),
    remarks: [
      ...[...missing].map(asSentence),
      ...(all.length >= mailMax ? [`Only the last ${mailMax} messages are counted.`] : []),
    ],
  };
}

/**
 * What a notice of a suspension tells beside the numbers. A notice that cannot say more is sent
 * without it, so this never rejects.
 */
export async function incidentKnown(
  deps: FactsDeps,
  incident: IncidentRow,
  log: World['log'],
): Promise<{
  readonly reached: readonly string[];
  readonly facts: AccountFacts | undefined;
}> {
  const reached = await reachedBy(deps, incident, log);
  try {
    return { reached, facts: await accountFacts(deps, incident.account) };
  } catch (error) {
    log('warn', 'incident.not-listed', { account: incident.account, why: faultText(error) });
    return { reached, facts: undefined };
  }
}

/** When what counts now began: of the latest incident, else of the evidence of now. */
function firstSign({ live, now }: FactsDeps, account: Account, sign: number): Millis {
  const [incident] = live.incidents({ account, limit: 1 });
  const ended = incident?.endedAt ?? now();
  if (incident !== undefined && now() - ended < incidentMs) return incident.since;
  return (sign > 0 ? sign : now() - dayMs) as Millis;
}

/** Stopped mail that the day files do not have. The ledger keeps its reasons longer. */
function withoutDays(
  { live }: FactsDeps,
  account: Account,
  since: Millis,
  found: readonly FoundMessage[],
): readonly FoundMessage[] {
  const known = new Set(
    found.flatMap(({ judged, logged }) => [
      judged?.queueId ?? '',
      logged?.queueId ?? '',
      ...(logged?.otherIds ?? []),
    ]),
  );
  return live
    .stories({ account, limit: mailMax })
    .filter(({ at, id }) => at >= since && !known.has(id))
    .map(storedStory)
    .slice(0, mailMax - Math.min(mailMax, found.length));
}

function passwordWord({ live, weakPassword }: FactsDeps, account: Account): PasswordWord {
  const weak = weakPassword(account);
  if (weak !== '') return { word: 'weak', text: weak };
  const last = summaryOf(live.meta(lastAuditKey));
  if (last === undefined) return { word: 'not tested', text: 'no password audit has run' };
  const whole = last.complete ? '' : ', which ended before all was tried';
  const text = `the last password audit did not guess it${whole}`;
  return { word: 'not guessed', text, auditAt: last.at };
}
