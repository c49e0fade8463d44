/** The item `dns.listed` of the checklist, from what the lists answered. Pure. */
import type { ChecklistItem } from '../checklist/items/item.ts';
import type { ListedRow } from './ask.ts';

export function listedItem(rows: readonly ListedRow[], unfound: string): ChecklistItem {
  return { ...about, ...judged(rows, unfound), command: '' };
}

export function withoutLists(): ChecklistItem {
  const found = 'listed.lists is "none": no list may be asked';
  return { ...about, state: 'not needed', found, fix: '', command: '' };
}

const about = {
  id: 'dns.listed',
  title: 'Our outgoing addresses and domains are on no blocklist',
  effort: 'hours',
  cost: 'free',
  effect: 'Receiving servers that ask a blocklist refuse our mail, or put it into Junk.',
  requiredBy: ['Gmail', 'Yahoo', 'Microsoft'],
} as const;

/** `unfound`: why no address of ours is known; empty if some are. */
function judged(
  rows: readonly ListedRow[],
  unfound: string,
): Pick<ChecklistItem, 'state' | 'found' | 'fix'> {
  const listed = rows.filter(({ state }) => state === 'listed');
  if (listed.length > 0) {
    const named = listed.map(({ list, subject }) => `${subject} on ${list.zone}`);
    const found = `listed: ${named.slice(0, 5).join(', ')}${more(named.length - 5)}`;
    const fix =
      'run postern listed: it shows why, where to have an entry removed, and what is first';
    return { state: 'broken', found, fix };
  }
  if (unfound !== '') {
    const fix = 'set identity.addresses in postern.toml to the addresses that mail leaves from';
    return { state: 'unknown', found: unfound, fix };
  }
  const silent = rows.flatMap((row) =>
    row.state === 'unknown' && row.list.isDecisive ? [row] : [],
  );
  const [first] = silent;
  if (first !== undefined) {
    const { list } = first;
    const found = `${list.zone} does not answer this server, so nothing is known`;
    return { state: 'unknown', found, fix: `${list.whenSilent}; postern listed says more` };
  }
  const zones = new Set(rows.filter(({ state }) => state === 'clean').map(({ list }) => list.zone));
  if (zones.size === 0) {
    return { state: 'unknown', found: 'no list answered', fix: 'see postern listed' };
  }
  const subjects = new Set(rows.map(({ subject }) => subject)).size;
  const others = new Set(
    rows.filter(({ state }) => state === 'unknown').map(({ list }) => list.zone),
  );
  const rest = others.size === 0 ? '' : `; without an answer: ${[...others].join(', ')}`;
  const found = `${subjects} of ours on none of the ${zones.size} lists that answered${rest}`;
  return { state: 'done', found, fix: '' };
}

function more(count: number): string {
  return count > 0 ? ` and ${count} more` : '';
}
