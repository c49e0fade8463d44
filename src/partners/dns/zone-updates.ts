/** Finds the configured zone ([[dns.updates]]) that contains a name. */
import { labelsOf, lowerCase, nameOf } from '../../formats/dns/name.ts';

/** A zone in lower case, without a dot at its end, and how to change it. */
export type UpdatableZone<Update> = { readonly zone: string; readonly update: Update };

/** Each zone of [[dns.updates]]. */
export function updatableZones<Update extends { readonly zones: readonly string[] }>(
  updates: readonly Update[],
): readonly UpdatableZone<Update>[] {
  return updates.flatMap((update) =>
    update.zones.map((zone) => ({ zone: plainZone(zone), update })),
  );
}

/**
 * Opens a function that finds the closest zone above a name, or undefined. Of a zone that is there
 * twice, the first counts.
 */
export function openZoneFinder<Zone extends { readonly zone: string }>(
  zones: readonly Zone[],
): (name: string) => Zone | undefined {
  const byName = new Map(zones.toReversed().map((one) => [one.zone, one]));
  return (name) => {
    const labels = labelsOf(lowerCase(name));
    for (let from = 0; from < labels.length; from++) {
      const found = byName.get(nameOf(labels.slice(from)));
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** A zone as it is compared and sent: in lower case, without a dot at its end. */
export function plainZone(written: string): string {
  return lowerCase(written).replace(/\.$/, '');
}
