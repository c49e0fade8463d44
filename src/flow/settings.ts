/**
 * What the operator set, as flows need it. One object for all of them: a reload changes it in
 * place.
 */

export type Settings = {
  readonly mode: 'observe' | 'guard';
  readonly contact: string;
  /** What later mail of a suspended login gets. Local mail and scripts are always held. */
  readonly suspendedMail: 'refuse' | 'hold';
  /** The answer for a message whose verdict could not be written: the verdict, or a 451. */
  readonly whenFailing: 'answer' | 'tempfail';
  /** Held mail of an account that calmed down leaves after this long; 0: never. */
  readonly calmAfterMs: number;
  /** A suspension ends by itself after this long; 0: never. */
  readonly releaseAfterMs: number;
  readonly automaticReleasesMax: number;
};
