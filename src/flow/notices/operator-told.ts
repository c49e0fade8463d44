/**
 * Notices about other things than suspensions: an account's mail is held, the ledger cannot be
 * written, or another part of the guard is in trouble.
 */
import type { Account } from '../../core/account-name.ts';
import { megabytes, noticeReasons } from '../../core/explain.ts';
import type { Notice } from '../../core/notice.ts';
import { releaseCommands } from '../../core/release-commands.ts';
import type { AccountState, HeldSum } from '../../core/verdict.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { dayMs, hourMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { Change, StoryRow } from '../../ports/ledger.ts';
import type { World } from '../../ports/world.ts';
import type { Settings } from '../settings.ts';
import type { Notices } from './notices.ts';

/** An account gets one notice in this time, however much of its mail is held. */
const holdingEveryMs = dayMs;
const accountsMax = 10_000;
/** A disk that is full, has some room and is full again gets one notice in this time. */
const failingEveryMs = 10 * minuteMs;
/** A part whose trouble comes and goes gets one notice in this time. */
const troubleEveryMs = hourMs;
const partsMax = 100;
/**
 * Parts of one kind that are told in that time, such as the spools of users: a program may act as
 * thousands of users (subuid(5)). All of them are in the log and in /health.
 */
const ofKindMax = 10;

export type NoticeLogDeps = {
  readonly notices: Notices;
  readonly world: World;
  readonly settings: Settings;
  readonly host: string;
  readonly iso: (at: Millis) => string;
};

export type NoticeLog = {
  /** The changes to commit with a held message of an account that is not suspended. */
  holding(story: StoryRow): readonly Change[];
  /** The same when as much of an account's mail is held as may be; also for suspended ones. */
  full(story: StoryRow, held: HeldSum): readonly Change[];
  /** Sends a notice at once, and again from memory until it is taken: no ledger can keep it. */
  ledgerFailing(why: string): void;
  /** Sends a notice about a part of the guard, at most one in an hour for each part. */
  trouble(part: string, why: string): void;
};

export function openNoticeLog(deps: NoticeLogDeps): NoticeLog {
  const { host, iso, notices, settings } = deps;
  const { clock, newId } = deps.world;
  const toldAt = new Map<Account, Millis>();
  const fullToldAt = new Map<Account, Millis>();
  const troubleToldAt = new Map<string, Millis>();
  let failingToldAt: Millis | undefined;
  const notice = (
    more: Pick<Notice, 'event' | 'account' | 'reasons' | 'undo' | 'explain'>,
  ): Notice => {
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
    holding({ account, at, reasons }) {
      const last = toldAt.get(account);
      if (settings.mode === 'observe' || (last !== undefined && at - last < holdingEveryMs))
        return [];
      if (toldAt.size >= accountsMax) toldAt.clear();
      toldAt.set(account, at);
      return notices.prepare(
        notice({
          event: 'account.holding',
          account,
          reasons: noticeReasons(reasons),
          undo: `postern held release --account ${account}`,
          explain: `postern accounts show ${account}`,
        }),
      );
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
          explain: `postern accounts show ${account}`,
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
