/**
 * What the operator set, as flows need it. One object for all of them: a reload changes it in
 * place.
 */

export type Settings = {
  readonly mode: 'observe' | 'guard';
  readonly contact: string;
  /** What later mail of a suspended login gets. Local mail and scripts are always held. */
  readonly suspendedMail: 'refuse' | 'hold';
  /** What a message gets whose verdict could not be written. */
  readonly whenFailing: 'pass' | 'delay';
  /** Held mail of an account that calmed down leaves after this long; 0: never. */
  readonly calmAfterMs: number;
  /** A suspension ends by itself after this long; 0: never. */
  readonly releaseAfterMs: number;
  readonly automaticReleasesMax: number;
};
