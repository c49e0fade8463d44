/** Facts of a mail log, in short. */
import type { Account } from '../../src/core/account-name.ts';
import type { LogEvent } from '../../src/core/event.ts';
import type { Attempt } from '../../src/core/fate/attempt.ts';
import { openJoin } from '../../src/core/fate/join.ts';
import { type JoinedMail, loggedOf } from '../../src/core/fate/joined-mail.ts';
import type { Millis } from '../../src/lib/time.ts';

type Fact<Kind extends LogEvent['kind']> = Extract<LogEvent, { kind: Kind }>;
type More<Kind extends LogEvent['kind']> = Partial<Fact<Kind>>;

const start = Date.UTC(2026, 2, 4, 9);
/** Seconds after nine o'clock. */
export const second = (seconds: number): Millis => (start + seconds * 1_000) as Millis;

export const entered = (queueId: string, at: number, more: More<'entered'> = {}): LogEvent => ({
  kind: 'entered',
  host: 'mail',
  queueId,
  at: second(at),
  service: more.uid === undefined ? 'postfix/smtpd' : 'postfix/pickup',
  client: more.uid === undefined ? '192.0.2.7' : '',
  firstClient: '',
  login: undefined,
  uid: undefined,
  previousId: '',
  ...more,
});

export const byLogin = (queueId: string, at: number, login = 'joe@example.test'): LogEvent =>
  entered(queueId, at, { login: login as Account });

export const named = (queueId: string, at: number, messageId: string): LogEvent => ({
  kind: 'named',
  host: 'mail',
  queueId,
  at: second(at),
  messageId: `<${messageId}>`,
});

export const queued = (queueId: string, at: number, more: More<'queued'> = {}): LogEvent => ({
  kind: 'queued',
  host: 'mail',
  queueId,
  at: second(at),
  sender: 'joe@example.test',
  sizeBytes: 900,
  recipientCount: 1,
  ...more,
});

export const delivered = (
  queueId: string,
  at: number,
  recipient: string,
  more: More<'delivery'> = {},
): LogEvent => ({
  kind: 'delivery',
  host: 'mail',
  queueId,
  at: second(at),
  recipient,
  original: recipient,
  outcome: 'sent',
  reply: '250 2.0.0 Ok',
  requeuedAs: '',
  nextId: '',
  service: 'postfix/smtp',
  relay: 'other',
  status: '2.0.0',
  mxHost: 'mx.world.test',
  mxAddress: '203.0.113.5',
  from: '',
  delaySeconds: 1,
  ...more,
});

/** To a filter on this machine. */
export const toFilter = (
  queueId: string,
  at: number,
  recipient: string,
  more: More<'delivery'> = {},
): LogEvent =>
  delivered(queueId, at, recipient, {
    relay: 'here',
    mxHost: '127.0.0.1',
    mxAddress: '127.0.0.1',
    ...more,
  });

export const removed = (
  queueId: string,
  at: number,
  how: Fact<'removed'>['how'] = 'removed',
): LogEvent => ({ kind: 'removed', host: 'mail', queueId, at: second(at), how });

/** A message from hand-over to its end. */
export const whole = (queueId: string, at: number, to: string, login?: string): LogEvent[] => [
  byLogin(queueId, at, login),
  named(queueId, at, `${queueId}@example.test`),
  queued(queueId, at, { sender: login ?? 'joe@example.test' }),
  delivered(queueId, at + 1, to),
  removed(queueId, at + 1),
];

/**
 * Each message and its attempts, as the join tells them in the end. `isSaved`: the place in the log
 * is written after each fact.
 */
export function joined(
  facts: readonly LogEvent[],
  isSaved = false,
): Record<string, readonly string[]> {
  const messages = new Map<JoinedMail, Map<string, Attempt>>();
  const join = openJoin({
    message(mail) {
      if (!messages.has(mail)) messages.set(mail, new Map());
    },
    attempt(mail, attempt) {
      const one = attempt();
      messages.get(mail)?.set(`${one.recipient} ${one.at}`, one);
    },
    merged: (mail) => void messages.delete(mail),
  });
  for (const fact of facts) {
    join.seen(fact);
    if (isSaved) join.tellUnsure();
  }
  join.end();
  const found: Record<string, string[]> = {};
  for (const [mail, attempts] of messages) {
    const { account = '', otherIds, queueId } = loggedOf(mail);
    const key = [queueId, ...otherIds, account].join(' ');
    const said = [...attempts.values()].map((one) => `${one.recipient} ${one.outcome}`);
    found[key] = [...(found[key] ?? []), ...said];
  }
  return found;
}
