/**
 * Mail that is forwarded to other servers: with the sender unchanged it fails SPF there, and the
 * spam in it counts for us. Pure.
 */
import { someOf } from '../../finding.ts';
import type { ChecklistItem } from '../items/item.ts';
import { inPlace, type Judged, type KnownMeasure, notNeeded, unknown } from './judged.ts';

export type ForwardFacts = {
  /** Addresses and aliases that lead to other servers: how many, by the domain they lead to. */
  readonly outside: Readonly<Record<string, number>>;
  /** Users with a ~/.forward, which is not read. */
  readonly files: number;
  /** Homes that this user may not look into. */
  readonly unseenHomes: number;
  /** Tables that could not be listed. */
  readonly unread: readonly string[];
  /** What rewrites senders (SRS), as main.cf names it; empty without. */
  readonly srs: string;
  /** Who seals mail (ARC); empty without. */
  readonly arc: string;
};

const known: KnownMeasure = {
  id: 'mail.forwards',
  title: 'Mail that is forwarded to other servers passes their checks',
  effort: 'hours',
  cost: 'free',
  effect: 'Forwarded mail arrives, and strangers’ spam in it does not ruin our name.',
  requiredBy: ['Gmail (forwarders)'],
};

/** Undefined: there is no Postfix to read. */
export function forwardsItem(facts: ForwardFacts | undefined): ChecklistItem {
  const judged =
    facts === undefined
      ? unknown(
          'there is no Postfix to read',
          'apt-get install postfix, or name its folder: --config-dir',
        )
      : judge(facts);
  return { ...known, ...judged };
}

function judge({ arc, files, outside, srs, unread, unseenHomes }: ForwardFacts): Judged {
  const rows = Object.entries(outside).toSorted(
    ([one, a], [other, b]) => b - a || (one < other ? -1 : 1),
  );
  const total = rows.reduce((sum, [, count]) => sum + count, 0);
  const inFiles =
    files === 0
      ? ''
      : `~/.forward, which is not read, of ${files} ${files === 1 ? 'user' : 'users'}`;
  if (total === 0 && files === 0) {
    if (unseenHomes > 0) {
      const found = `no alias leads to another server; ${unseenHomes} homes cannot be looked into`;
      return unknown(found, 'run it as root');
    }
    if (unread.length === 0) return notNeeded('no alias leads to another server');
    return unknown(
      `not listed: ${someOf(unread, 3)}`,
      'look through these tables for addresses of other servers',
    );
  }
  const named = someOf(
    rows.map(([domain, count]) => `${domain} (${count})`),
    5,
  );
  const found = [total === 0 ? '' : `${counted(total)} to other servers: ${named}`, inFiles]
    .filter((one) => one !== '')
    .join('; ');
  const helps = [srs === '' ? '' : `SRS by ${srs}`, arc === '' ? '' : `ARC by ${arc}`].filter(
    (one) => one !== '',
  );
  if (srs !== '') return inPlace(`${found}; ${helps.join(', ')}`);
  return {
    state: 'missing',
    found: `${found}; ${helps.length === 0 ? 'neither SRS nor ARC' : `${helps.join()}, no SRS`}`,
    fix:
      'have users fetch their mail by IMAP or POP3 in place of a forward; else install postsrsd ' +
      'and set sender_canonical_maps as its README says' +
      (arc === '' ? ', and set verify.arc = true' : ''),
    command: '',
  };
}

function counted(addresses: number): string {
  return addresses === 1 ? '1 address leads' : `${addresses} addresses lead`;
}
