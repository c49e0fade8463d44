/** Do notices reach the operator? Judged by what became of the last one on each channel. Pure. */
import { dayMs, type Millis } from '../../lib/time.ts';
import { fine } from '../finding.ts';
import type { SeenFinding } from './items/derive.ts';

/** What became of the last notice on one channel. */
export type ChannelProof = {
  readonly channel: string;
  readonly at: Millis;
  /**
   * `taken`: the other end accepted it. `delivered`: the mail log says that the mail arrived.
   * `waiting`: the mail is still in a queue. `failed`: it did not arrive.
   */
  readonly state: 'taken' | 'delivered' | 'waiting' | 'failed';
  /** The reply or fault, without addresses; empty if nothing was said. */
  readonly said: string;
};

export type ChannelFacts = {
  readonly mailTo: readonly string[];
  readonly hasWebhook: boolean;
  /** The guard has a configuration file. */
  readonly isConfigured: boolean;
  /** Undefined: there is no guard to ask. */
  readonly proofs: readonly ChannelProof[] | undefined;
  readonly now: Millis;
};

/** The monthly drill sends a notice on each channel; a week more for a machine that was off. */
export const proofLastsMs: number = 38 * dayMs;

const [id, title] = ['notices', 'Notices'];
const wanted = 'mail and a webhook, so that notices arrive even when mail is blocked';
const prove = 'send one now: postern try notice';

export function checkNotices(facts: ChannelFacts): SeenFinding {
  const { hasWebhook, isConfigured, mailTo, now, proofs } = facts;
  const channels = [...(mailTo.length > 0 ? ['mail'] : []), ...(hasWebhook ? ['webhook'] : [])];
  const [first] = channels;
  if (first === undefined) {
    const fix = isConfigured
      ? 'set notices.mail_to and notices.webhook in postern.toml, then restart Postern ' +
        '(a service: systemctl restart postern)'
      : 'set notices.mail_to and notices.webhook in a file, and start the guard with it: ' +
        'postern up --config FILE';
    const found = 'no channel is configured';
    return { id, kind: 'fail', title, found, wanted, fix, state: 'missing' };
  }
  const known = proofs?.filter(({ channel }) => channels.includes(channel)) ?? [];
  const failed = known.find(({ state }) => state === 'failed');
  if (failed !== undefined) {
    const found = `the last notice by ${failed.channel} did not arrive: ${failed.said}`;
    const fix = 'look at [notices] in postern.toml, then send one: postern try notice';
    return { id, kind: 'fail', title, found, wanted, fix, state: 'broken' };
  }
  if (channels.length === 1) {
    const fix = 'set both notices.mail_to and notices.webhook in postern.toml';
    return { id, kind: 'warn', title, found: `one channel only: ${first}`, wanted, fix };
  }
  if (proofs === undefined) {
    const found = 'only a running guard knows whether the last notices arrived';
    return {
      id,
      kind: 'unknown',
      title,
      found,
      wanted,
      fix: 'start the guard, then: postern try notice',
    };
  }
  const proven = known.filter(({ at, state }) => state !== 'waiting' && now - at <= proofLastsMs);
  const open = channels.filter((name) => !proven.some(({ channel }) => channel === name));
  if (open.length > 0) {
    const why = open.map((name) => reason(name, known)).join('; ');
    const found = `not proven by ${open.join(' and ')}: ${why}`;
    return { id, kind: 'unknown', title, found, wanted, fix: prove };
  }
  const soonest = Math.min(...proven.map(({ at }) => at));
  const due = { at: (soonest + proofLastsMs) as Millis, what: 'the proof that notices arrive' };
  return { ...fine(id, title, proven.map((one) => arrived(one, now)).join('; ')), due };
}

function reason(name: string, known: readonly ChannelProof[]): string {
  const last = known.find(({ channel }) => channel === name);
  if (last === undefined) return 'no notice was sent yet';
  if (last.state === 'waiting') return `the last one waits in the queue: ${last.said}`;
  return 'the last one is too long ago';
}

/** `mail: delivered 3 days ago`. */
function arrived({ at, channel, state }: ChannelProof, now: Millis): string {
  const days = Math.max(0, Math.floor((now - at) / dayMs));
  const when = days === 0 ? 'today' : `${days} ${days === 1 ? 'day' : 'days'} ago`;
  const how = state === 'taken' && channel === 'mail' ? 'taken by the mail server' : state;
  return `${channel}: ${how} ${when}`;
}
