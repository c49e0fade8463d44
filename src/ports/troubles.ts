/**
 * What is wrong with the guard now. Each part says it in one sentence and takes it back when it is
 * over; /health, `postern status` and the operator's notices read it. Types only.
 */
export type Troubles = {
  /**
   * Says what is wrong with a part (`door milter`, `ledger pages`); undefined when it is over. A
   * new trouble is logged once and told to the operator, at most once in a while for each part.
   */
  set(part: string, why: string | undefined): void;
  /** The sentences, oldest first. */
  all(): readonly string[];
};
