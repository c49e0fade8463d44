/** The operator's settings as flows need them, in one object that a reload changes in place. */

export type Settings = {
  readonly mode: 'observe' | 'guard';
  readonly contact: string;
  /** The answer to a message whose verdict could not be written: the verdict, or a 451. */
  readonly whenFailing: 'answer' | 'tempfail';
  /** Held mail is delivered this long after sending returned to normal; 0: never. */
  readonly calmAfterMs: number;
  /** A suspension ends automatically after this long; 0: never. */
  readonly releaseAfterMs: number;
  readonly automaticReleasesMax: number;
};
