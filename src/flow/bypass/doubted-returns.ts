/**
 * Mail that says it is a judged message which a filter hands back, to a recipient that the judged
 * message is not known to have. Any program of this machine may speak to the service to which a
 * filter returns mail, and name the queue id or the Message-ID of another message there.
 *
 * The line of the log that names the recipient may come later: a filter answers only after it has
 * handed the message back. So such mail waits for that line before it counts as mail that was not
 * judged. Copies for an archive (always_bcc) may be added behind the filter; these go to few
 * addresses.
 */
import type { LogEvent } from '../../core/event.ts';
import { type Millis, minuteMs } from '../../lib/time.ts';
import type { QueueTrails } from './queue-trails.ts';

type DeliveryEvent = Extract<LogEvent, { kind: 'delivery' }>;

export type DoubtedReturns = {
  /** Takes a delivery that may be such mail; true: it waits, and `settled` is called later. */
  takes(event: DeliveryEvent): boolean;
  /** Each event of the log, after the trails have seen it. */
  seen(event: LogEvent): void;
};

/** How long the line may take. */
const waitMs = 5 * minuteMs;
/** Recipients that wait. Of more, the oldest are settled early. */
const waitingMax = 2_000;
/** Addresses that get copies. */
const copiesMax = 50;

export function openDoubtedReturns(
  trails: Pick<QueueTrails, 'unproven'>,
  settled: (event: DeliveryEvent, isProven: boolean) => void,
): DoubtedReturns {
  const copies = new Set<string>();
  let waiting: { readonly event: DeliveryEvent; readonly before: string }[] = [];
  const isCopy = (recipient: string): boolean => {
    if (copies.size < copiesMax) copies.add(recipient);
    return copies.has(recipient);
  };
  const settle = (event: DeliveryEvent): void => {
    const isProven = trails.unproven(event) === undefined;
    settled(event, isProven || isCopy(event.recipient));
  };
  /** Settles those that waited too long, and those whose line has come. */
  const look = (now: Millis, queueId: string): void => {
    const isOver = ({ before, event }: (typeof waiting)[number]): boolean =>
      now - event.at > waitMs || (before === queueId && trails.unproven(event) === undefined);
    const over = waiting.filter(isOver);
    if (over.length === 0) return;
    waiting = waiting.filter((one) => !over.includes(one));
    for (const { event } of over) settle(event);
  };
  return {
    takes(event) {
      const before = trails.unproven(event);
      if (before === undefined) return false;
      waiting.push({ event, before });
      if (waiting.length > waitingMax) {
        const first = waiting.shift();
        if (first !== undefined) settle(first.event);
      }
      return true;
    },
    seen(event) {
      if (waiting.length > 0) look(event.at, event.kind === 'delivery' ? event.queueId : '');
    },
  };
}
