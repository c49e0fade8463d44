/** Part of step 16 of the ledger: who can unsubscribe. Released steps are never edited. */
export const oneClickStep: string = `
  -- Mail that offers to unsubscribe with one click (JSON, core/lanes/one-click.ts); empty: none was
  -- counted yet.
  ALTER TABLE sending_domain ADD COLUMN unsubscribe TEXT NOT NULL DEFAULT '';
`;
