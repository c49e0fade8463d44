/** Who answered mail of an incident badly, how and when; each kind of answer once. Pure. */
import type { Millis } from '../../lib/time.ts';
import type { ReplyClassifier, ReplyScope } from '../replies/classified.ts';
import type { IncidentMessage, ProviderAnswer } from './facts.ts';

/** Kinds of answers that are told. The rest of one incident is less than what these have. */
const kindsMax = 50;

const againstUs: ReadonlySet<ReplyScope | undefined> = new Set([
  'our-ip',
  'our-network',
  'our-domain',
  'authentication',
  'content',
  'rate',
]);

type Named = { readonly nameOf: (mxHost: string) => string };
type Counting = { -readonly [Key in keyof ProviderAnswer]: ProviderAnswer[Key] } & {
  readonly ids: Set<string>;
};

/** Most frequent first. Words of our own mail server are no answer. */
export function answersTo(
  mail: readonly IncidentMessage[],
  replies: Pick<ReplyClassifier, 'classify' | 'shape'>,
  { nameOf }: Named,
): readonly ProviderAnswer[] {
  const kinds = new Map<string, Counting>();
  for (const message of mail) {
    for (const attempt of message.attempts) {
      const { at, from, isLocal, mxHost, outcome, reply } = attempt;
      if (isLocal || (outcome !== 'deferred' && outcome !== 'bounced')) continue;
      const told = replies.classify({ reply, mxHost, status: outcome });
      if (told.isOwnWords) continue;
      const kind = told.rule === '' ? replies.shape(reply) : told.rule;
      const key = JSON.stringify([told.provider, from, outcome, kind]);
      const known = kinds.get(key);
      if (known !== undefined) count(known, message, attempt);
      else if (kinds.size < kindsMax) {
        kinds.set(key, {
          provider: told.provider === 'other' ? mxHost : told.provider,
          name: nameOf(mxHost),
          filter: told.filter,
          outcome,
          rule: told.rule,
          scope: told.scope ?? '',
          severity: told.severity ?? '',
          cure: told.cure,
          link: told.link,
          isAgainstUs: againstUs.has(told.scope),
          count: 1,
          messages: 1,
          firstAt: at,
          lastAt: at,
          reply,
          mx: serverText(attempt),
          from,
          id: message.id,
          messageId: message.messageId,
          ids: new Set([message.id]),
        });
      }
    }
  }
  return [...kinds.values()]
    .map(({ ids, ...answer }) => ({ ...answer, messages: ids.size }))
    .sort((one, other) => other.count - one.count || one.firstAt - other.firstAt);
}

function count(
  known: Counting,
  message: IncidentMessage,
  attempt: IncidentMessage['attempts'][number],
): void {
  known.count++;
  known.ids.add(message.id);
  if (attempt.at < known.firstAt) {
    known.firstAt = attempt.at;
    known.id = message.id;
    known.messageId = message.messageId;
  }
  if (attempt.at >= known.lastAt) {
    known.lastAt = attempt.at;
    known.reply = attempt.reply;
    known.mx = serverText(attempt);
  }
}

function serverText({ mxAddress, mxHost }: IncidentMessage['attempts'][number]): string {
  if (mxHost === '') return mxAddress;
  return mxAddress === '' ? mxHost : `${mxHost}[${mxAddress}]`;
}

/** When the last answer came that is held against us; undefined if there was none. */
export function lastBadAt(answers: readonly ProviderAnswer[]): Millis | undefined {
  const times = answers.filter((one) => one.isAgainstUs).map(({ lastAt }) => lastAt);
  return times.length === 0 ? undefined : (Math.max(...times) as Millis);
}
