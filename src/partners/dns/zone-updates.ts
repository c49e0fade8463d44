/** Finds the configured zone ([[dns.updates]]) that contains a name, and how to change it. */
import { labelsOf, lowerCase, nameOf } from '../../formats/dns/name.ts';
import { type Nsupdate, openNsupdate } from './nsupdate.ts';

/** One [[dns.updates]] section of the configuration. */
export type ZoneUpdates = {
  readonly zones: readonly string[];
  readonly server: string;
  readonly key_file: string;
};

export type UpdatableZone = { readonly zone: string; readonly update: Nsupdate };

/**
 * Opens a function that finds the closest zone above a name that Postern may change, or undefined.
 * Throws like openNsupdate.
 */
export function openZoneUpdates(
  configured: readonly ZoneUpdates[],
): (name: string) => UpdatableZone | undefined {
  const zones = new Map<string, UpdatableZone>();
  for (const { zones: names, server, key_file: keyFile } of configured) {
    const update = openNsupdate({ server, keyFile });
    for (const written of names) {
      const zone = lowerCase(written).replace(/\.$/, '');
      zones.set(zone, { zone, update });
    }
  }
  return (name) => {
    const labels = labelsOf(lowerCase(name));
    for (let from = 0; from < labels.length; from++) {
      const found = zones.get(nameOf(labels.slice(from)));
      if (found !== undefined) return found;
    }
    return undefined;
  };
}
