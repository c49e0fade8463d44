/**
 * Controls the queue of one Postfix through its own tools, postsuper and postqueue. Results say
 * what really happened. They come from the output of the tools, or from the queue where the tools
 * did not name every message.
 */

import { parseQueueId } from '../../formats/postfix/queue-id.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { dayMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import type { HeldMessages, MovedMessages, Mta, QueuedMessage } from '../../ports/mail-server.ts';
import { namesPerCallMax, type PrivilegedTools, type ToolVerb } from '../privileged-tools.ts';

export type PostfixOptions = {
  readonly tools: PrivilegedTools;
  /** Its configuration directory; empty, the default: that of the machine. */
  readonly instance?: string;
  /** Time limit for one call of a tool (at most 200 messages). */
  readonly deadlineMs?: number;
  /** Time limit for reading the whole queue. postern-root gives up after 2 minutes. */
  readonly listingMs?: number;
  readonly now?: () => number;
};

/** How much later than the verdict a message may arrive, because clocks differ. */
const laterMs = 2 * minuteMs;
/**
 * How much earlier than the verdict a message may arrive: a large one on a slow line, or a slow
 * sender.
 */
const earlierMs = dayMs;
/** No queue id is reused within this time. */
const youngMs = 2 * minuteMs;

const said = {
  hold: /^postsuper: ([0-9A-Za-z]+): placed on hold$/,
  release: /^postsuper: ([0-9A-Za-z]+): released from hold$/,
  drop: /^postsuper: ([0-9A-Za-z]+): removed$/,
} as const;

export function postfix(options: PostfixOptions): Mta {
  const { tools, deadlineMs = 30_000, listingMs = 110_000, now = Date.now } = options;
  const { instance = '' } = options;
  /** Runs the tool on chunks of ids, and adds each id to `done` when the tool confirms it. */
  const inChunks = async (
    verb: Extract<ToolVerb, 'hold' | 'release' | 'drop'>,
    ids: readonly string[],
    done: Set<string>,
  ): Promise<void> => {
    for (let from = 0; from < ids.length; from += namesPerCallMax) {
      const chunk = ids.slice(from, from + namesPerCallMax);
      for await (const line of tools.run(verb, chunk, AbortSignal.timeout(deadlineMs))) {
        const id = said[verb].exec(line)?.[1];
        if (id !== undefined) done.add(id);
      }
    }
  };
  /** Lists the whole queue, message by message. The hold queue comes last. */
  async function* listing(): AsyncGenerator<QueuedMessage> {
    for await (const line of tools.run('queue', [], AbortSignal.timeout(listingMs))) {
      if (line === '') continue;
      const message = queuedMessage(line);
      if (message === undefined) throw unreadable(line);
      yield message;
    }
  }
  const queue = async (limit: number): Promise<readonly QueuedMessage[]> => {
    const messages: QueuedMessage[] = [];
    if (limit <= 0) return messages;
    for await (const message of listing()) {
      messages.push(message);
      if (messages.length >= limit) break;
    }
    return messages;
  };
  const hold = async (
    messages: Parameters<Mta['hold']>[0],
    before: Parameters<Mta['hold']>[1],
    { already, done }: Readonly<Record<'already' | 'done', Set<string>>>,
  ): Promise<void> => {
    const take = async (ids: readonly string[]): Promise<void> => {
      if (ids.length === 0) return;
      await before(ids);
      await inChunks('hold', ids, done);
    };
    const wanted = new Map(messages.map(({ queueId, at }) => [queueId, at]));
    for (const id of wanted.keys()) if (parseQueueId(id) === undefined) wanted.delete(id);
    if (wanted.size === 0) return;
    const begun = now();
    let found: string[] = [];
    let last = '';
    try {
      for await (const { queueId, queue: name, arrivedAt } of listing()) {
        // Holds what was found in one queue before reading the next. The active queue is listed
        // first and is being sent, so it must not wait for a long deferred queue.
        if (name !== last || found.length >= namesPerCallMax) {
          await take(found);
          found = [];
        }
        last = name;
        const at = wanted.get(queueId);
        if (at === undefined) continue;
        wanted.delete(queueId);
        if (!isThatMessage(arrivedAt, at)) continue;
        if (name === 'hold') already.add(queueId);
        else found.push(queueId);
      }
    } finally {
      // A message that moves between queues meanwhile may be in no list. Young messages move.
      const missed = [...wanted].filter(([, at]) => begun - at < youngMs).map(([id]) => id);
      await take([...found, ...missed]);
    }
  };
  return {
    queue,
    async onHold(queueIds) {
      const found = await heldAmong(listing, queueIds, () => true);
      return new Map([...found].map(([id, bytes]) => [id, { bytes, instance }]));
    },
    serves: (other) => other === instance,
    async spent(queueIds) {
      const isSpent = ({ recipients }: QueuedMessage): boolean => recipients === 0;
      return new Set((await heldAmong(listing, queueIds, isSpent)).keys());
    },
    async hold(messages, before): Promise<HeldMessages> {
      const already = new Set<string>();
      const result = await moved((done) => hold(messages, before, { already, done }));
      return { ...result, already };
    },
    release: (queueIds) => moved((done) => inChunks('release', wellFormed(queueIds), done)),
    drop: (queueIds) => moved((done) => inChunks('drop', wellFormed(queueIds), done)),
  };
}

/** A list that ended early is made anew, up to this many in all. */
const listingsMax = 3;

/** Postfix's list of the queue ends early when files move while it is made (showq(8)). */
function wasCut(error: unknown): boolean {
  return error instanceof Error && error.message.includes('malformed showq server response');
}

/** Postfix's tools say so of a Postfix that does not run; then showq has no list either. */
function isDown(error: unknown): boolean {
  return error instanceof Error && /mail system is down/i.test(error.message);
}

function postfixDown(cause: unknown): OperatorError {
  return new OperatorError('postfix-down', 'Postfix is not running, so its queue is not listed', {
    cause,
    hint: 'start it: systemctl start postfix',
    exit: sysexits.unavailable,
  });
}

/** Those of these messages that are on hold, with their bytes. */
async function heldAmong(
  listing: () => AsyncGenerator<QueuedMessage>,
  queueIds: readonly string[],
  which: (message: QueuedMessage) => boolean,
): Promise<ReadonlyMap<string, number>> {
  const asked = new Set(wellFormed(queueIds));
  const found = new Map<string, number>();
  if (asked.size === 0) return found;
  for (let listings = 1; ; listings++) {
    try {
      for await (const message of listing()) {
        if (message.queue !== 'hold' || !asked.has(message.queueId)) continue;
        if (which(message)) found.set(message.queueId, message.bytes);
      }
      return found;
    } catch (error) {
      if (isDown(error)) throw postfixDown(error);
      if (listings === listingsMax || !wasCut(error)) throw error;
      found.clear();
    }
  }
}

/**
 * Whether a queued message is the one that was judged. Short queue ids are reused, but only after
 * the first message has left, so after its verdict. A message that arrived before the verdict (or
 * began to) is the judged one.
 */
function isThatMessage(arrivedAt: Millis, answeredAt: Millis): boolean {
  return arrivedAt <= answeredAt + laterMs && arrivedAt >= answeredAt - earlierMs;
}

async function moved(work: (done: Set<string>) => Promise<void>): Promise<MovedMessages> {
  const done = new Set<string>();
  try {
    await work(done);
    return { done, fault: undefined };
  } catch (error) {
    return { done, fault: error instanceof Error ? error : new Error(String(error)) };
  }
}

function wellFormed(queueIds: readonly string[]): readonly string[] {
  return [...new Set(queueIds)].filter((id) => parseQueueId(id) !== undefined);
}

function unreadable(line: string): OperatorError {
  const start = JSON.stringify(line.slice(0, 60));
  return new OperatorError(
    'queue-unreadable',
    `postqueue -j printed an unreadable line: ${start}`,
    {
      exit: sysexits.dataErr,
    },
  );
}

/**
 * Parses one line of `postqueue -j`; undefined if it is not one. In a line that was cut, only the
 * recipients that are left count.
 */
export function queuedMessage(line: string): QueuedMessage | undefined {
  const entry = parseJson(line);
  if (entry === undefined) return cutMessage(line);
  const { queue_id: queueId, queue_name: queue, arrival_time, sender, recipients } = entry;
  const { message_size: bytes } = entry;
  if (typeof queueId !== 'string' || typeof queue !== 'string') return undefined;
  return {
    queueId,
    queue,
    arrivedAt: millis(arrival_time),
    sender: typeof sender === 'string' ? sender : '',
    recipients: Array.isArray(recipients) ? recipients.length : 0,
    to: Array.isArray(recipients) ? addressOf(recipients[0]) : '',
    bytes: Number.isSafeInteger(bytes) ? Number(bytes) : 0,
  };
}

function parseJson(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function addressOf(recipient: unknown): string {
  const { address } = { address: '', ...(recipient as { readonly address?: unknown } | undefined) };
  return typeof address === 'string' ? address : '';
}

function cutMessage(line: string): QueuedMessage | undefined {
  const queueId = /"queue_id": ?"([0-9A-Za-z]+)"/.exec(line)?.[1];
  const queue = /"queue_name": ?"([a-z]+)"/.exec(line)?.[1];
  if (queueId === undefined || queue === undefined) return undefined;
  const recipients = line.match(/"address": ?"/g)?.length ?? 0;
  const arrivedAt = millis(Number(/"arrival_time": ?([0-9]{1,12})/.exec(line)?.[1]));
  const sender = /"sender": ?"([^"\\]*)"/.exec(line)?.[1] ?? '';
  const bytes = Number(/"message_size": ?([0-9]{1,15})/.exec(line)?.[1] ?? 0);
  const to = /"address": ?"([^"\\]*)"/.exec(line)?.[1] ?? '';
  return { queueId, queue, arrivedAt, sender, recipients, to, bytes };
}

function millis(seconds: unknown): Millis {
  return (Number.isSafeInteger(seconds) ? Number(seconds) * secondMs : 0) as Millis;
}
