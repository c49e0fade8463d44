/** The item about names of others in our records. Pure. */
import { dayMs, type Millis } from '../../../lib/time.ts';
import { someOf } from '../../finding.ts';
import type { ChecklistItem } from '../items/item.ts';
import { inPlace, type Judged, type KnownMeasure, notNeeded, unknown } from './judged.ts';
import type { OutsideNames } from './outside-names.ts';
import { changedOwners, type OwnerMemory } from './owner-memory.ts';

const known: KnownMeasure = {
  id: 'dns.outside-names',
  title: 'Names of others in our SPF and DKIM records lead where they should',
  effort: 'minutes',
  cost: 'free',
  effect: 'Nobody who takes over a name that we forgot can send mail that passes as ours.',
  requiredBy: [],
};

export type OutsideLook = {
  readonly found: OutsideNames;
  /** Undefined: no memory could be read. */
  readonly memory: OwnerMemory | undefined;
  readonly now: Millis;
};

/** `look` undefined: no domain of ours is known. */
export function outsideItem(look: OutsideLook | undefined): ChecklistItem {
  const judged =
    look === undefined
      ? unknown('no domain of this server is known yet', 'set accounts.default_domain')
      : judge(look);
  return { ...known, ...judged };
}

const namedMax = 5;

function judge({ found, memory, now }: OutsideLook): Judged {
  const { dead, owners, silent } = found;
  const changed = changedOwners(memory ?? {}, owners, now).map(
    ({ at, before, owner }) =>
      `${owner.domain} (${owner.usedBy}) has other name servers for ` +
      `${Math.round((now - at) / dayMs)} days: ${someOf(owner.servers, 3) || 'none'}, before ` +
      someOf(before, 3),
  );
  if (dead.length + changed.length > 0) {
    return {
      state: 'broken',
      found: someOf([...dead, ...changed], namedMax),
      fix:
        dead.length > 0
          ? 'remove these terms and aliases from the zone, or correct them: postern dns plan'
          : 'ask the owner of that domain whether it changed hands; if nobody knows, remove it ' +
            'from the zone. The change is told for 30 days',
      command: '',
    };
  }
  if (silent.length > 0) {
    return unknown(`no answer about ${someOf(silent, namedMax)}`, 'run it again later');
  }
  if (owners.length === 0) return notNeeded('our records name no domain of others');
  const names = someOf(
    owners.map(({ domain }) => domain),
    namedMax,
  );
  const watched =
    memory === undefined ? 'not compared: nothing is remembered yet' : 'same owners as before';
  return inPlace(`${names}: all lead somewhere; ${watched}`);
}
