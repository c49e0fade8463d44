/**
 * Remembers which messages came through a door, and their recipients. The ledger has the verdicts;
 * here is what the ledger does not keep: mail that comes in, Postern's own notices, recipients.
 */
import type { Submission } from '../../core/event.ts';
import { hash53 } from '../../lib/hash.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { Millis } from '../../lib/time.ts';
import type { Clock } from '../../ports/world.ts';

export type DoorNotes = {
  /** A message comes in: it has no submitter and is not judged. */
  cameIn(queueId: string): void;
  judged(message: Submission): void;
  /** What a door said of this message, if that was not before `since`. */
  met(queueId: string, messageId: string, since: Millis): 'judged' | 'came-in' | undefined;
  /** Hashes of the recipients that a message had; undefined if they are not known any more. */
  recipients(queueId: string, at: Millis): ReadonlySet<number> | undefined;
};

type Note = { readonly at: Millis; readonly recipients: ReadonlySet<number> | undefined };

/** Recipients that are remembered: some 20 MB. At most twice as many. */
const recipientsMax = 200_000;
/** What a message weighs besides its recipients. */
const noteWeight = 4;

/** Where the macros of a Postfix do not tell the queue id, a message is known by its Message-ID. */
function nameKey(messageId: string): string {
  const name = messageId.replace(/^<|>$/g, '');
  return name === '' ? '' : `name ${name}`;
}

/** `seed`: of the hashes in recipient books. */
export function openDoorNotes(clock: Clock, seed: () => number): DoorNotes {
  const notes = new RecentMap<string, Note>(
    recipientsMax,
    ({ recipients }) => noteWeight + (recipients?.size ?? 0),
  );
  return {
    cameIn(queueId) {
      if (queueId !== '') notes.set(queueId, { at: clock.now(), recipients: undefined });
    },
    judged({ at, id, local, messageId, outside }) {
      const key = id === '' && messageId !== undefined ? nameKey(messageId) : id;
      if (key === '') return;
      const hash = (recipient: string): number => hash53(recipient, seed());
      notes.set(key, { at, recipients: new Set([...outside.map(hash), ...local.map(hash)]) });
    },
    met(queueId, messageId, since) {
      const note = notes.get(queueId) ?? notes.get(nameKey(messageId));
      if (note === undefined || note.at < since) return undefined;
      return note.recipients === undefined ? 'came-in' : 'judged';
    },
    recipients(queueId, at) {
      const note = notes.get(queueId);
      return note?.at === at ? note.recipients : undefined;
    },
  };
}
