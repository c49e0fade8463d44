/** Part of step 16 of the ledger: what was only observed. Released steps are never edited. */
export const observedStep: string = `
  -- For the sums of what mode guard would have stopped, which are read while mail is judged.
  CREATE INDEX story_observed ON story (account, at, verdict, recipients) WHERE observed = 1;
`;
