/**
 * Remembers what became of the last notice on each channel: taken, refused, and for mail what the
 * mail log says. So the checklist knows whether notices reach the operator.
 */
import type { ChannelProof } from '../../core/checklist/notices.ts';
import type { LogEvent } from '../../core/event.ts';
import { withoutControls } from '../../lib/peer-text.ts';
import type { Millis } from '../../lib/time.ts';
import type { Journal } from '../journal/journal.ts';

const proofKey = 'notices.proof';
/** Queue ids that are followed. A notice passes a filter or two; each gives it a new one. */
const idsMax = 100;
const saidMax = 200;

export type NoticeProof = {
  /** What one channel said. `fault` undefined: it took the notice. */
  tried(channel: string, noticeId: string, fault: string | undefined): void;
  /** A line of the mail log. */
  logged(event: LogEvent): void;
  all(): readonly ChannelProof[];
};

export type NoticeProofDeps = {
  readonly journal: Pick<Journal, 'add' | 'live'>;
  readonly now: () => Millis;
  readonly isOurs: (messageId: string) => boolean;
};

export function openNoticeProof({ isOurs, journal, now }: NoticeProofDeps): NoticeProof {
  /** Of mail: the Message-ID of each queue id. */
  const followed = new Map<string, string>();
  /** The message of which a recipient refused it: another one may have taken it. */
  let refused = '';
  /** The message about which the log spoke last. */
  let told = '';
  const all = (): readonly ChannelProof[] => {
    const stored = journal.live.meta(proofKey);
    return stored === undefined ? [] : (JSON.parse(stored) as readonly ChannelProof[]);
  };
  const keep = (proof: ChannelProof): void => {
    const others = all().filter(({ channel }) => channel !== proof.channel);
    const value = JSON.stringify([...others, proof]);
    journal.add({ kind: 'meta', key: proofKey, value });
  };
  return {
    all,
    tried(channel, noticeId, fault) {
      // The log may be faster than the answer of the mail server, and says more.
      if (channel === 'mail' && fault === undefined && told.includes(`.${noticeId}@`)) return;
      const state = fault === undefined ? 'taken' : 'failed';
      keep({ channel, at: now(), state, said: cleaned(fault ?? '') });
    },
    logged(event) {
      if (event.kind === 'named') {
        if (!isOurs(event.messageId)) return;
        followed.set(event.queueId, event.messageId);
        const [oldest] = followed.keys();
        if (followed.size > idsMax && oldest !== undefined) followed.delete(oldest);
        return;
      }
      if (event.kind !== 'delivery' || event.requeuedAs !== '') return;
      const id = followed.get(event.queueId);
      if (id === undefined) return;
      told = id;
      if (event.outcome === 'bounced') refused = id;
      else if (refused === id) return;
      const state = { bounced: 'failed', deferred: 'waiting', sent: 'delivered' } as const;
      keep({
        channel: 'mail',
        at: now(),
        state: state[event.outcome],
        said: cleaned(event.reply),
      });
    },
  };
}

/** Without addresses: what is kept here outlasts the notice. */
function cleaned(text: string): string {
  return withoutControls(text)
    .replace(/<[^\s<>]+@[^\s<>]+>|[^\s<>]+@[^\s<>]+/g, '(address)')
    .slice(0, saidMax);
}
