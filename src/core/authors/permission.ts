/** Whether an account may write as an address: put it into From, and have it signed. */

/**
 * own: the address or its domain is that of the account. map: a table of the mail server says so.
 * declared: the operator said so. observed: still in the time of observation, in which nothing is
 * left unsigned. foreign: nothing allows it. unknown: the tables could not be asked.
 */
export type Permission = {
  readonly kind: 'own' | 'map' | 'declared' | 'observed' | 'foreign' | 'unknown';
  /** The table, the declaration or the fault that decided, for the operator; empty if none. */
  readonly source: string;
  /** The operator said that it may write as every address. */
  readonly isForAll?: boolean;
};
