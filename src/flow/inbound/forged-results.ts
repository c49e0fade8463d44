/**
 * Finds Authentication-Results fields that a message brings along in our own name. Later readers
 * of the message would believe them, so they are removed (RFC 8601 section 5). Fields of other
 * servers stay.
 */
import { isForged } from '../../formats/message/authentication-results.ts';
import type { HeaderEdit, MessageReader } from '../../ports/message.ts';

const fieldKey = 'authentication-results';
/**
 * Fields removed from one message. For each, Postfix reads its queue file from the start, so a
 * hostile sender must not decide the number. Honest messages have only the fields that our own
 * servers wrote, one a server.
 */
const removalsMax = 1_000;
/**
 * The refusal of a message with more forged fields. A held message would still have the rest of
 * them when it is released.
 */
const tooMany = 'Too many Authentication-Results fields in the name of this server';

export type ForgedResults = {
  /** Takes every field of the message, in order. */
  header(name: string, value: string): void;
  /** The number of forged fields. */
  readonly count: number;
  edits(): readonly HeaderEdit[];
  /** Why the message has to be refused: it has more forged fields than `edits` remove. */
  readonly refused: string | undefined;
};

export function openForgedResults(authservId: string): ForgedResults {
  let occurrence = 0;
  let count = 0;
  const forged: number[] = [];
  return {
    header(name, value) {
      if (!isResults(name)) return;
      occurrence++;
      if (!isForged(value, authservId)) return;
      count++;
      if (forged.length < removalsMax) forged.push(occurrence);
    },
    get count() {
      return count;
    },
    edits: () =>
      forged.map((nth) => ({
        kind: 'remove',
        name: 'Authentication-Results',
        occurrence: nth,
      })),
    get refused() {
      return count > forged.length ? tooMany : undefined;
    },
  };
}

function isResults(name: string): boolean {
  return (
    name.length >= fieldKey.length &&
    name.length < fieldKey.length + 10 &&
    name.trimEnd().toLowerCase() === fieldKey
  );
}

/**
 * Opens a reader that only takes out forged fields. Mail of our own accounts is not verified, but
 * what it claims in our name is removed as well.
 */
export function openStripping(
  authservId: string,
  found: (queueId: string, forged: number, refused: boolean) => void,
): (queueId: string) => MessageReader {
  return (queueId) => {
    const results = openForgedResults(authservId);
    return {
      header: results.header,
      body: () => undefined,
      finish(done) {
        const { count, refused } = results;
        if (count > 0) found(queueId, count, refused !== undefined);
        done(results.edits(), refused);
      },
    };
  };
}
