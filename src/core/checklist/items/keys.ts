/** DKIM keys as the checklist sees them: are there any, and are they ever replaced? Pure. */
import { dayMs, type Millis } from '../../../lib/time.ts';
import { fine } from '../../finding.ts';
import type { DkimKeyFacts } from '../signing/dkim-keys.ts';
import type { SeenFinding } from './derive.ts';

export type RotationFacts = {
  readonly keys: readonly DkimKeyFacts[];
  /** signing.rotation.every; undefined: never. */
  readonly everyMs: number | undefined;
  readonly now: Millis;
};

/** A key that signs for longer should be replaced. */
const oldMs = 365 * dayMs;

export function keyFindings(facts: RotationFacts): readonly SeenFinding[] {
  const here = facts.keys.filter(({ state }) => state !== 'gone');
  if (here.length === 0) {
    const found = 'Postern has no DKIM key, so it signs nothing';
    const fix =
      'make one: postern dkim new DOMAIN; or take over those of a signer: postern dkim import';
    const [id, title] = ['signing.none', 'DKIM keys'];
    return [{ id, kind: 'warn', title, found, wanted: 'a key for each domain that sends', fix }];
  }
  return [rotation(here, facts)];
}

function rotation(keys: readonly DkimKeyFacts[], { everyMs, now }: RotationFacts): SeenFinding {
  const [id, title] = ['signing.rotation', 'Rotation of DKIM keys'];
  const lasting = keys.filter(({ holder, state }) => holder === undefined && state === 'signing');
  const oldest = lasting.toSorted((one, other) => one.since - other.since)[0];
  if (oldest === undefined) return fine(id, title, 'no key signs yet');
  const name = `key ${oldest.selector} of ${oldest.domain}`;
  const age = Math.floor((now - oldest.since) / dayMs);
  const due = { at: (oldest.since + (everyMs ?? oldMs)) as Millis, what: name };
  if (everyMs !== undefined) {
    const how = oldest.canSend
      ? 'Postern replaces it automatically'
      : 'a notice then says which record to publish';
    const ok = fine(id, title, `every ${Math.round(everyMs / dayMs)} days; ${how}`);
    // What happens without a person does not break.
    return oldest.canSend ? ok : { ...ok, due };
  }
  const found = `never (signing.rotation.every); ${name} signs since ${age} days`;
  const fix = 'set signing.rotation.every in postern.toml, such as 26w, or: postern dkim rotate';
  return { id, kind: 'warn', title, found, wanted: 'a new key at least once a year', fix, due };
}
