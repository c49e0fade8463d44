/**
 * Checks that stay on in production. They are only for mistakes in Postern itself, never for input,
 * the clock or a peer.
 */

/**
 * A mistake in Postern. It ends the session in which it happened; in the ledger it ends the
 * process.
 */
class Bug extends Error {
  override readonly name = 'Bug';
}

/** Throws a Bug saying `what` unless `condition` holds. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Bug(what);
}

/**
 * Ends a switch over a closed set. A new kind that the switch does not handle then fails to
 * compile.
 */
export function unreachable(value: never): never {
  throw new Bug(`unhandled case: ${JSON.stringify(value)}`);
}
