/**
 * Notices about other things than suspensions: an account's mail is held, the ledger cannot be
 * written, or another part of the guard is in trouble.
 */
import type { Account } from '../../core/account-name.ts';
import { megabytes, noticeReasons } from '../../core/explain.ts';
import type { Notice, NoticeFacts } from '../../core/notice.ts';
import { releaseCommands } from '../../core/release-commands.ts';
import type { AccountState, HeldSum } from '../../core/verdict.ts';
import { withoutControls } from '../../lib/peer-text.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { Change, StoryRow } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import type { Notices } from './notices.ts';

/** An account gets one notice in this time, however much of its mail is held. */
const holdingEveryMs = dayMs;
const accountsMax = 10_000;
/** A disk that is full, has some room and is full again gets one notice in this time. */
const failingEveryMs = 10 * minuteMs;
/** A part whose trouble comes and goes gets one notice in this time. */
const troubleEveryMs = hourMs;
const partsMax = 100;
/** Characters of a subject in a notice. */
const subjectMax = 120;
/**
 * Parts of one kind that are told in that time, such as the spools of users: a program may act as
 * thousands of users (subuid(5)). All of them are in the log and in /health.
 */
const ofKindMax = 10;

export type NoticeLogDeps = {
  readonly notices: Notices;
  readonly world: World;
  readonly host: string;
  readonly iso: (at: Millis) => string;
};

export type NoticeLog = {
  /**
   * The changes to commit with a held message of an account that is not suspended. `waits`: its
   * mail waits for a person, who is told so although a notice said that it may leave.
   */
  holding(story: StoryRow, waits: boolean): readonly Change[];
  /** The same when as much of an account's mail is held as may be; also for suspended ones. */
  full(story: StoryRow, held: HeldSum): readonly Change[];
  /** Sends a notice at once, and again from memory until it is taken: no ledger can keep it. */
  ledgerFailing(why: string): void;
  /** Sends a notice about a part of the guard, at most one in an hour for each part. */
  trouble(part: string, why: string): void;
};

export function openNoticeLog(deps: NoticeLogDeps): NoticeLog {
  const { host, iso, notices } = deps;
  const { clock, newId } = deps.world;
  const holdingTold = new Map<Account, { readonly at: Millis; readonly waits: boolean }>();
  const fullToldAt = new Map<Account, Millis>();
  const troubleToldAt = new Map<string, Millis>();
  let failingToldAt: Millis | undefined;
  const notice = (more: AboutNotice): Notice => {
    const at = iso(clock.now());
    const stopped = { messages: more.account === '' ? 0 : 1, fromQueue: 0 };
    return {
      version: 1,
      id: newId(),
      host,
      at,
      since: at,
      stopped,
      loginClosed: false,
      leaked: { messages: 0, recipients: 0 },
      ...more,
    };
  };
  return {
    holding(story, waits) {
      const { account, at } = story;
      const last = holdingTold.get(account);
      const isTold = last !== undefined && at - last.at < holdingEveryMs && (last.waits || !waits);
      if (story.observed || isTold) return [];
      if (holdingTold.size >= accountsMax) holdingTold.clear();
      holdingTold.set(account, { at, waits });
      return notices.prepare(notice(heldNotice(story, waits)));
    },
    full({ account, at, state }, { messages, bytes }) {
      const last = fullToldAt.get(account);
      if (last !== undefined && at - last < holdingEveryMs) return [];
      if (fullToldAt.size >= accountsMax) fullToldAt.clear();
      fullToldAt.set(account, at);
      const text = `${messages} messages are held (${megabytes(bytes)})`;
      return notices.prepare({
        ...notice({
          event: 'account.full',
          account,
          reasons: [{ signal: 'held-full', text }],
          undo: deliver(account, state),
          explain: shellWords('postern', 'accounts', 'show', account),
        }),
        stopped: { messages, fromQueue: 0 },
      });
    },
    ledgerFailing(why) {
      const now = clock.now();
      if (failingToldAt !== undefined && Math.abs(now - failingToldAt) < failingEveryMs) return;
      failingToldAt = now;
      const reasons = [{ signal: 'ledger', text: why }];
      const about = { event: 'ledger.failing' as const, account: '', reasons, undo: '' };
      notices.send(notice({ ...about, explain: 'postern doctor' }));
    },
    trouble(part, why) {
      const now = clock.now();
      const last = troubleToldAt.get(part);
      if (last !== undefined && Math.abs(now - last) < troubleEveryMs) return;
      for (const [told, at] of troubleToldAt) {
        if (Math.abs(now - at) >= troubleEveryMs) troubleToldAt.delete(told);
      }
      const same = [...troubleToldAt.keys()].filter((told) => kindOf(told) === kindOf(part));
      if (same.length >= ofKindMax || troubleToldAt.size >= partsMax) return;
      troubleToldAt.set(part, now);
      const about = { event: 'guard.trouble' as const, account: '', undo: '' };
      const reasons = [{ signal: part, text: why }];
      notices.send(notice({ ...about, reasons, explain: 'postern doctor' }));
    },
  };
}

type AboutNotice = Pick<
  Notice,
  'event' | 'account' | 'facts' | 'reasons' | 'undo' | 'falseAlarm' | 'explain'
>;

function heldNotice(story: StoryRow, waits: boolean): AboutNotice {
  const { account, reasons } = story;
  return {
    event: 'account.holding',
    account,
    facts: storyFacts(story),
    reasons: noticeReasons(reasons),
    undo: shellWords('postern', 'held', 'release', '--account', account),
    ...(waits ? { falseAlarm: releaseCommands(account).falseAlarm } : {}),
    explain: shellWords('postern', 'accounts', 'show', account),
  };
}

/** What the operator recognises the held message by. */
function storyFacts({ client, sample, subject }: StoryRow): NoticeFacts {
  const line = withoutControls(subject, ' ').trim().slice(0, subjectMax);
  return {
    // Whether its network is new is one of the reasons, where it is.
    clients: client === '' ? [] : [{ address: withoutControls(client), network: '', messages: 1 }],
    clientCount: client === '' ? 0 : 1,
    subjects: line === '' ? [] : [{ subject: line, messages: 1 }],
    recipients: sample,
    domains: [],
    password: '',
    answers: [],
  };
}

/** How all held mail of an honest account is delivered. */
function deliver(account: string, state: AccountState): string {
  return state === 'suspended'
    ? releaseCommands(account).falseAlarm
    : shellWords('postern', 'held', 'release', '--account', account);
}

/** The part without its numbers: `spool of user id N`. */
function kindOf(part: string): string {
  return part.replace(/\d+/g, 'N');
}
