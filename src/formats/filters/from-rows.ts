/**
 * The domains in From that a table speaks of. Postern has one rule for a domain: if a table has
 * several for addresses of one domain, one is kept and the others are named. Pure.
 */
import { authorFor, type SignedFrom, type SignerSetup } from './signer-setup.ts';

export class FromRows {
  readonly #kept = new Map<string, SignedFrom>();
  readonly #others: SignedFrom[] = [];

  /** A rule for the whole domain goes before one for an address. */
  add(from: SignedFrom): void {
    const before = this.#kept.get(from.host);
    if (before !== undefined && before.user === from.user) return;
    const isKept = before === undefined || (from.user === undefined && before.user !== undefined);
    if (isKept) this.#kept.set(from.host, from);
    const other = isKept ? before : from;
    if (other?.user !== undefined) this.#others.push(other);
  }

  get all(): readonly SignedFrom[] {
    return [...this.#kept.values()];
  }

  /** A sentence for each address that is signed otherwise than its domain. */
  notes(program: string, signaturesOf: SignerSetup['signaturesOf']): readonly string[] {
    const signers = (from: SignedFrom): string =>
      signaturesOf(authorFor(from))
        .map(({ domain, selector }) => `${selector} of ${domain}`)
        .join(', ');
    return this.#others.flatMap((other) => {
      const kept = this.#kept.get(other.host);
      const [own, usual] = [signers(other), kept === undefined ? '' : signers(kept)];
      if (own === '' || own === usual) return [];
      const instead = usual === '' ? 'otherwise' : `with ${usual}`;
      return [
        `${other.user}@${other.host}: ${program} signed its mail with ${own}; ` +
          `Postern signs all mail of ${other.host} ${instead}`,
      ];
    });
  }
}
