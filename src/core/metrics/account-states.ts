/** The values of the gauge of accounts, under the labels that metrics.ts declares. Pure. */
export type CountedAccounts = {
  readonly known: number;
  readonly watched: number;
  readonly suspended: number;
  readonly wouldBeSuspended: number;
  readonly exempt: number;
};

export function accountGauge(
  accounts: CountedAccounts,
): readonly (readonly [state: string, count: number])[] {
  const { exempt, known, suspended, watched, wouldBeSuspended } = accounts;
  return [
    ['known', known],
    ['watched', watched],
    ['suspended', suspended],
    ['would-be-suspended', wouldBeSuspended],
    ['exempt', exempt],
  ];
}
