/** Names of new keys. */
import type { DkimAlgorithm } from '../../formats/dkim/signing-key.ts';

/** A selector with its day, `r20261125`, then `r20261125-2`: it sorts by age. */
export function datedSelector(
  algorithm: DkimAlgorithm,
  today: string,
  isTaken: (selector: string) => boolean,
): string {
  const day = today.slice(0, 10).replaceAll('-', '');
  const base = `${algorithm === 'rsa-sha256' ? 'r' : 'e'}${day}`;
  let selector = base;
  for (let nth = 2; isTaken(selector); nth++) selector = `${base}-${nth}`;
  return selector;
}

/**
 * The selector of a probation key. It says nothing about the account or its probation, and cannot
 * be guessed.
 */
export function randomSelector(
  newId: () => string,
  isTaken: (selector: string) => boolean,
): string {
  while (true) {
    const id = newId()
      .toLowerCase()
      .replaceAll(/[^a-z0-9]/g, '');
    const selector = `k${id}`.slice(0, 24);
    if (!isTaken(selector)) return selector;
  }
}
