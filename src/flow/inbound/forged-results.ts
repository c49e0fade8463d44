/**
 * Authentication-Results fields that a message brings along in our own name: whoever reads the
 * message after us would believe them, so they are taken out (RFC 8601 section 5). Those of other
 * servers stay.
 */
import { isForged } from '../../formats/message/authentication-results.ts';
import type { HeaderEdit, MessageReader } from '../../ports/message.ts';

const fieldKey = 'authentication-results';
/**
 * Taking one out makes Postfix read its queue file from the start, so not as many as a hostile
 * sender likes. No honest message has any but those that our own servers wrote, one a server.
 */
const removalsMax = 1_000;
/**
 * What the sender of more is told. Held, such a message would have those that are left when it is
 * released.
 */
const tooMany = 'Too many Authentication-Results fields in the name of this server';

export type ForgedResults = {
  /** Looks at every field of the message, in their order. */
  header(name: string, value: string): void;
  /** How many there are. */
  readonly count: number;
  edits(): readonly HeaderEdit[];
  /** Why the message is to be refused: there are more than `edits` take out. */
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
