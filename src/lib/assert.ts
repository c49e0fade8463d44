/**
 * What must be true, checked in production too. For our own mistakes only: never for input, clock
 * or peer.
 */

/** Our mistake. Ends the session it happened in; in the ledger, the process. */
class Bug extends Error {
  override readonly name = 'Bug';
}

/** Throws a Bug saying `what` unless `condition` holds. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Bug(what);
}

/**
 * The end of every switch over a closed set: a new kind fails to compile where it is not handled.
 */
export function unreachable(value: never): never {
  throw new Bug(`unhandled case: ${JSON.stringify(value)}`);
}
