/**
 * Sends notices to the operator by every channel, and some to the owner of an account, and tries
 * again until each channel has taken them. A notice is committed together with what it is about, so
 * a restart continues with it.
 */

import type { ChannelProof } from '../../core/checklist/notices.ts';
import type { LogEvent } from '../../core/event.ts';
import type { Notice } from '../../core/notice.ts';
import { faultText } from '../../lib/error-text.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { dayMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import type { Change, NoticeRow } from '../../ports/ledger.ts';
import type { NoticeChannel, OwnerChannel } from '../../ports/mail-server.ts';
import type { World } from '../../ports/world.ts';
import type { Journal } from '../journal/journal.ts';
import { type NoticeProof, openNoticeProof } from './notice-proof.ts';

/** Waits between tries; the last one repeats. */
const waitsMs = [10, 20, 40, 60, 120, 300, 600, 1_800].map((seconds) => seconds * secondMs);
/** After this time a channel is given up for this notice, and that is logged as an error. */
const giveUpMs = 2 * dayMs;
/** A notice that waits for more facts (how much was stopped) goes as it is after this time. */
const completeMs = 20 * secondMs;
const tickMs = 2 * secondMs;
/**
 * Ids kept in memory: of our own notices, by which the gate knows their mail, and of notices that
 * were taken, so that none is sent twice.
 */
const idsMax = 1_000;

/** What one channel said. Undefined fault: it took the notice. */
export type ChannelAnswer = { readonly channel: string; readonly fault: string | undefined };

export type Notices = {
  /**
   * The rows to commit together with what the notice is about: then it cannot get lost. Its `page`
   * is a path on the status page. `owner`: to the owner of the account, if owners are told.
   */
  prepare(notice: Notice, to?: 'operator' | 'owner'): readonly Change[];
  /** Sends a notice at once: all facts are known now. */
  send(notice: Notice): void;
  /** Is this the Message-ID of one of our notices? */
  isOurs(messageId: string | undefined): boolean;
  /**
   * Sends by every channel, or by `only` this one, without trying again. Answers with what each
   * said; `fault`: why not.
   */
  now(notice: Notice, only?: string): Promise<readonly ChannelAnswer[]>;
  readonly channels: readonly string[];
  /** What became of the last notice on each channel that is configured. */
  proofs(): readonly ChannelProof[];
  /** A line of the mail log, which says what became of notices by mail. */
  logged(event: LogEvent): void;
  close(): void;
};

export type NoticesDeps = {
  readonly journal: Journal;
  readonly channels: readonly NoticeChannel[];
  readonly world: World;
  /** Without it, owners of accounts are not told. */
  readonly owner?: OwnerChannel;
  readonly isSuspended: (account: string) => boolean;
  /** URL of the status page; without it or empty: notices do not name it. */
  readonly pageUrl?: string;
};

export function openNotices(deps: NoticesDeps): Notices {
  return new Outbox(deps);
}

class Outbox implements Notices {
  readonly channels: readonly string[];
  readonly #deps: NoticesDeps;
  readonly #ids = new Set<string>();
  readonly #inFlight = new Set<string>();
  readonly #taken = new Set<string>();
  readonly #abort = new AbortController();
  readonly #stop: () => void;
  readonly #proof: NoticeProof;

  constructor(deps: NoticesDeps) {
    this.#deps = deps;
    const { journal, world } = deps;
    this.#proof = openNoticeProof({
      journal,
      now: () => world.clock.now(),
      isOurs: (messageId) => this.isOurs(messageId),
    });
    this.channels = deps.channels.map(({ name }) => name);
    this.#stop = deps.world.timers.every(tickMs, () => this.#tick());
  }

  prepare(given: Notice, to: 'operator' | 'owner' = 'operator'): readonly Change[] {
    const notice = withPage(given, this.#deps.pageUrl);
    remember(this.#ids, notice.id);
    const at = this.#deps.world.clock.now();
    const { channels, owner } = this.#deps;
    const owners = owner?.takes(notice) === true ? [owner] : [];
    return (to === 'owner' ? owners : channels).map(({ name }) => ({
      kind: 'notice' as const,
      row: {
        id: `${notice.id}.${name}`,
        at,
        channel: name,
        body: JSON.stringify(notice),
        tries: 0,
        nextAt: (at + completeMs) as Millis,
        state: 'waiting' as const,
      },
    }));
  }

  send(notice: Notice): void {
    for (const change of this.prepare(notice)) {
      // It was sent without the last facts already, as they took too long.
      if (change.kind !== 'notice' || this.#taken.has(change.row.id)) continue;
      this.#deps.journal.add(change);
      this.#try(change.row);
    }
  }

  isOurs(messageId: string | undefined): boolean {
    if (messageId === undefined) return false;
    if (this.#ids.size === 0) return false;
    const id = /postern-notice\.([^@>]+)@/.exec(messageId)?.[1];
    return id !== undefined && this.#ids.has(id);
  }

  async now(notice: Notice, only?: string): Promise<readonly ChannelAnswer[]> {
    remember(this.#ids, notice.id);
    const channels = this.#deps.channels.filter(({ name }) => only === undefined || name === only);
    return Promise.all(
      channels.map(async (channel) => {
        try {
          await channel.send(notice, this.#abort.signal);
          this.#proof.tried(channel.name, notice.id, undefined);
          return { channel: channel.name, fault: undefined };
        } catch (error) {
          const fault = faultText(error);
          if (!this.#abort.signal.aborted) this.#proof.tried(channel.name, notice.id, fault);
          return { channel: channel.name, fault };
        }
      }),
    );
  }

  proofs(): readonly ChannelProof[] {
    return this.#proof.all().filter(({ channel }) => this.channels.includes(channel));
  }

  logged(event: LogEvent): void {
    this.#proof.logged(event);
  }

  close(): void {
    this.#stop();
    this.#abort.abort();
  }

  #tick(): void {
    const { journal } = this.#deps;
    const { clock } = this.#deps.world;
    for (const row of journal.live.notices(clock.now())) {
      if (row.state !== 'waiting') continue;
      if (this.#isPast(row)) this.#drop(row);
      else this.#try(row);
    }
  }

  /**
   * That mail is held says nothing more once the notice of the suspension goes out. Owners may have
   * been told until the settings changed.
   */
  #isPast(row: NoticeRow): boolean {
    if (row.channel === 'owner' && this.#deps.owner === undefined) return true;
    const { account, event } = noticeOf(row);
    return event === 'account.holding' && this.#deps.isSuspended(account);
  }

  #drop(row: NoticeRow): void {
    this.#deps.world.log('info', 'notice.dropped', { id: row.id, channel: row.channel });
    this.#deps.journal.add({ kind: 'notice', row: { ...row, state: 'failed' } });
  }

  #try(row: NoticeRow): void {
    const { channels, owner } = this.#deps;
    const channel =
      row.channel === 'owner' ? owner : channels.find(({ name }) => name === row.channel);
    if (channel === undefined || this.#inFlight.has(row.id)) return;
    const notice = noticeOf(row);
    remember(this.#ids, notice.id);
    this.#inFlight.add(row.id);
    channel.send(notice, this.#abort.signal).then(
      () => this.#sent(row),
      (error: unknown) => this.#failed(row, error),
    );
  }

  #sent(row: NoticeRow): void {
    const { journal } = this.#deps;
    const { count, log } = this.#deps.world;
    this.#inFlight.delete(row.id);
    remember(this.#taken, row.id);
    const isOperators = row.channel !== 'owner';
    if (isOperators) count('postern_notices_total', 1, 'sent');
    log('info', 'notice.sent', { id: row.id, road: row.channel, tries: row.tries + 1 });
    if (this.#abort.signal.aborted) return;
    if (isOperators) this.#proof.tried(row.channel, noticeOf(row).id, undefined);
    journal.add({ kind: 'notice', row: { ...row, tries: row.tries + 1, state: 'sent' } });
  }

  #failed(row: NoticeRow, error: unknown): void {
    const { journal } = this.#deps;
    const { clock, count, log } = this.#deps.world;
    this.#inFlight.delete(row.id);
    if (this.#abort.signal.aborted) return;
    const isOperators = row.channel !== 'owner';
    if (isOperators) this.#proof.tried(row.channel, noticeOf(row).id, faultText(error));
    const now = clock.now();
    const tries = row.tries + 1;
    const over = now - row.at > giveUpMs || (!isOperators && isFinal(error));
    const nextAt = (now + (waitsMs[Math.min(row.tries, waitsMs.length - 1)] ?? minuteMs)) as Millis;
    if (isOperators) count('postern_notices_total', 1, over ? 'failed' : 'retried');
    log(over && isOperators ? 'error' : 'warn', over ? 'notice.given-up' : 'notice.not-taken', {
      id: row.id,
      road: row.channel,
      tries,
      why: faultText(error),
    });
    journal.add({
      kind: 'notice',
      row: { ...row, tries, nextAt, state: over ? 'failed' : 'waiting' },
    });
  }
}

/** There is no such mailbox: trying again changes nothing. */
function isFinal(error: unknown): boolean {
  return error instanceof OperatorError && error.exit === sysexits.noUser;
}

function noticeOf({ body }: NoticeRow): Notice {
  return JSON.parse(body) as Notice;
}

/** Its path on the status page becomes a whole address, where that of the page is known. */
function withPage({ page, ...notice }: Notice, pageUrl = ''): Notice {
  if (page === undefined || pageUrl === '') return notice;
  return { ...notice, page: `${pageUrl.replace(/\/+$/, '')}${page}` };
}

/** Adds an id and drops the oldest beyond `idsMax`. */
function remember(ids: Set<string>, id: string): void {
  ids.add(id);
  if (ids.size <= idsMax) return;
  const oldest = ids.values().next();
  if (oldest.done !== true) ids.delete(oldest.value);
}
