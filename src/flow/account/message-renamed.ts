/**
 * Follows a message whose queue id changes, by the mail log: a content filter hands it back to
 * Postfix, or an operator requeues it. The message gets a second row in the ledger, under its new
 * id, with the account that sent it. So a suspension finds it in the queue, and what the log says
 * about it counts for that account.
 *
 *   orig_queue_id=OLD at the service behind the filter ─┐
 *   OLD … queued as NEW, by a relay of this machine ────┼─▶ row NEW, origin OLD
 *   OLD to pipe(8), NEW by sendmail(1): same Message-ID ┘
 *
 * The last needs both lines, in any order, within ten minutes, and the same sender. A message
 * without Message-ID cannot be followed that way. Anybody can choose a Message-ID and a sender, so
 * each delivery to a program answers for one message.
 *
 * These rows outlive a restart, and the ledger tells who sent the message. What was not judged, and
 * aliases, only the memory of flow/bypass/queue-trails.ts has.
 */
import type { LogEvent } from '../../core/event.ts';
import { addressKey } from '../../formats/message/address.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { MessageRow } from '../../ports/ledger.ts';
import type { Journal } from '../journal/journal.ts';

export type RenameDeps = {
  readonly journal: Pick<Journal, 'add'> & { readonly live: Pick<Journal['live'], 'message'> };
  /** Called for each new name, with the row that was written. */
  readonly renamed: (before: string, row: MessageRow) => void;
};

/** Postfix tries for five days by default. A row that is older is about another message. */
const lifetimeMs = 7 * dayMs;
/** The log may mention a message this long before the guard has counted it. */
const earlyMs = minuteMs;
/** Time between the delivery to a program and the line of the message that it hands in. */
const pairMs = 10 * minuteMs;
/** Messages that wait for the other line of their pair: more than pass in ten minutes. */
const pairsMax = 10_000;
/** Copies that one program may hand in: one for each recipient. */
const copiesMax = 100;

type Named = { readonly queueId: string; readonly sender: string; readonly at: Millis };
/** `left`: deliveries to the program for which nothing came back yet. */
type Piped = Named & { readonly left: number };

/**
 * The message as it was judged: its first row, whatever its queue id is now. Undefined if Postern
 * did not judge it, or has forgotten it.
 */
export function originOf(
  live: Pick<Journal['live'], 'message'>,
  queueId: string,
): MessageRow | undefined {
  const row = live.message(queueId);
  return row?.origin === undefined ? row : (live.message(row.origin) ?? row);
}

/** Takes every event of the mail log. */
export function openRenames(deps: RenameDeps): { seen(event: LogEvent): void } {
  const renames = new Renames(deps);
  return { seen: (event) => renames.take(event) };
}

class Renames {
  readonly #deps: RenameDeps;
  /** Messages handed in by sendmail(1): queue id → its sender. */
  readonly #pickedUp = new RecentMap<string, Named>(pairsMax);
  /** Message-ID → messages handed in with it. */
  readonly #handedIn = new RecentMap<string, readonly Named[]>(pairsMax);
  /** Message-ID → the message that a program got. */
  readonly #piped = new RecentMap<string, Piped>(pairsMax);

  constructor(deps: RenameDeps) {
    this.#deps = deps;
  }

  take(event: LogEvent): void {
    const { at } = event;
    if (event.kind === 'entered') {
      const { previousId, queueId, sender } = event;
      if (previousId !== '') this.#renamed(previousId, queueId, at);
      else if (sender !== undefined) this.#pickedUp.set(queueId, { queueId, sender, at });
    } else if (event.kind === 'named') this.#named(event.queueId, event.messageId, at);
    else if (event.kind === 'delivery') {
      const { outcome, queueId, requeuedAs, service } = event;
      if (requeuedAs !== '') this.#renamed(queueId, requeuedAs, at);
      if (outcome === 'sent' && service.endsWith('/pipe')) this.#toProgram(queueId, at);
    }
  }

  #named(queueId: string, messageId: string, at: Millis): void {
    const found = this.#pickedUp.get(queueId);
    if (found === undefined || Math.abs(at - found.at) > pairMs) return;
    const before = this.#piped.get(messageId);
    if (before !== undefined && before.left > 0 && isPair(before, found)) {
      this.#piped.set(messageId, { ...before, left: before.left - 1 });
      this.#renamed(before.queueId, queueId, at);
      return;
    }
    const others = this.#handedIn.get(messageId) ?? [];
    this.#handedIn.set(messageId, [...others, found].slice(-copiesMax));
  }

  #toProgram(queueId: string, at: Millis): void {
    const row = this.#row(queueId, at);
    if (row === undefined || row.messageId === '') return;
    const { messageId } = row;
    const piped = { queueId, sender: addressKey(row.sender), at };
    const known = this.#piped.get(messageId);
    let left = 1 + (known?.queueId === queueId ? known.left : 0);
    const waiting: Named[] = [];
    for (const one of this.#handedIn.get(messageId) ?? []) {
      if (left > 0 && isPair(piped, one)) {
        left--;
        this.#renamed(queueId, one.queueId, one.at);
      } else waiting.push(one);
    }
    this.#handedIn.set(messageId, waiting);
    this.#piped.set(messageId, { ...piped, left });
  }

  #renamed(before: string, queueId: string, at: Millis): void {
    const { journal, renamed } = this.#deps;
    if (before === queueId) return;
    const row = this.#row(before, at);
    if (row === undefined) return;
    const origin = row.origin ?? row.queueId;
    const known = this.#row(queueId, at);
    if (known?.origin === origin || (known !== undefined && !isForeign(known))) return;
    const after = { ...row, queueId, at, verdict: 'pass', origin } as const;
    journal.add({ kind: 'message', row: after });
    renamed(before, after);
  }

  /** Short queue ids are used again: a row of much earlier, or of later, is another message. */
  #row(queueId: string, at: Millis): MessageRow | undefined {
    const row = this.#deps.journal.live.message(queueId);
    if (row === undefined || row.at > at + earlyMs || at - row.at > lifetimeMs) return undefined;
    return row;
  }
}

function isPair(before: Named, after: Named): boolean {
  return (
    before.queueId !== after.queueId &&
    before.sender === after.sender &&
    Math.abs(before.at - after.at) <= pairMs
  );
}

/** A message that passed under the name of the filter itself, not of a login. */
function isForeign({ account, origin, verdict }: MessageRow): boolean {
  return origin === undefined && verdict === 'pass' && /^(?:client|local):/.test(account);
}
