/**
 * Counts which mail of a domain offers to unsubscribe with one click (RFC 8058), as Gmail and Yahoo
 * require of bulk senders. Old counts are left behind, so that a repair is seen within weeks. Pure.
 */
import { dayMs, type Millis } from '../../lib/time.ts';

/** What one message offers. `oneClick`: both fields, and a signature of ours that covers them. */
export type UnsubscribeOffer = { readonly offered: boolean; readonly oneClick: boolean };
export type UnsubscribeSpan = {
  readonly messages: number;
  readonly offered: number;
  readonly oneClick: number;
};
export type UnsubscribeCount = UnsubscribeSpan & {
  readonly since: Millis;
  /** The span before this one. */
  readonly before: UnsubscribeSpan;
};

/** After this time a new span begins; the one before still counts. */
const spanMs = 14 * dayMs;
const nothing: UnsubscribeSpan = { messages: 0, offered: 0, oneClick: 0 };

export function countUnsubscribe(
  count: UnsubscribeCount | undefined,
  { offered, oneClick }: UnsubscribeOffer,
  now: Millis,
): UnsubscribeCount {
  const old = count ?? { ...nothing, since: now, before: nothing };
  const age = now - old.since;
  // A clock that was set back begins a new span as well.
  const isOver = age >= spanMs || age < 0;
  const {
    messages,
    offered: some,
    oneClick: fine,
    since,
    before,
  } = isOver ? { ...nothing, since: now, before: age >= 2 * spanMs ? nothing : spanOf(old) } : old;
  return {
    messages: messages + 1,
    offered: some + Number(offered),
    oneClick: fine + Number(oneClick),
    since,
    before,
  };
}

function spanOf({ messages, offered, oneClick }: UnsubscribeSpan): UnsubscribeSpan {
  return { messages, offered, oneClick };
}

/** Both spans of all these counts. */
export function unsubscribeSum(counts: readonly UnsubscribeCount[]): UnsubscribeSpan {
  return counts
    .flatMap((one) => [one, one.before])
    .reduce<UnsubscribeSpan>(
      (sum, one) => ({
        messages: sum.messages + one.messages,
        offered: sum.offered + one.offered,
        oneClick: sum.oneClick + one.oneClick,
      }),
      nothing,
    );
}

/** Reads the two fields while the header of a message arrives. */
export class UnsubscribeFields {
  #offered = false;
  #hasAddress = false;
  #hasPost = false;

  header(name: string, value: string): void {
    // Nearly all fields end here.
    if (name.length === listName.length && name.toLowerCase() === listName) {
      this.#offered = true;
      this.#hasAddress ||= /<\s*https:/i.test(value);
    } else if (name.length === postName.length && name.toLowerCase() === postName) {
      this.#hasPost ||= /^\s*List-Unsubscribe=One-Click\s*$/i.test(value);
    }
  }

  offer(isSigned: boolean): UnsubscribeOffer {
    const isWhole = this.#hasAddress && this.#hasPost;
    return { offered: this.#offered, oneClick: isWhole && isSigned };
  }
}

const listName = 'list-unsubscribe';
const postName = 'list-unsubscribe-post';

/** As the ledger keeps it; empty if nothing was counted. */
export function encodeUnsubscribe(count: UnsubscribeCount | undefined): string {
  if (count === undefined) return '';
  const row = (one: UnsubscribeSpan): readonly number[] => [
    one.messages,
    one.offered,
    one.oneClick,
  ];
  return JSON.stringify([count.since, ...row(count), ...row(count.before)]);
}

/** Undefined for text that is no count. */
export function decodeUnsubscribe(text: string): UnsubscribeCount | undefined {
  if (text === '') return undefined;
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(read) || read.length !== 7) return undefined;
  if (!read.every((one): one is number => Number.isSafeInteger(one) && one >= 0)) return undefined;
  const [since, messages, offered, oneClick, ...last] = read as readonly number[];
  const [before = 0, offeredBefore = 0, oneClickBefore = 0] = last;
  return {
    since: (since ?? 0) as Millis,
    messages: messages ?? 0,
    offered: offered ?? 0,
    oneClick: oneClick ?? 0,
    before: { messages: before, offered: offeredBefore, oneClick: oneClickBefore },
  };
}
