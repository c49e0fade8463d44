/** Which of the configured zones holds a name, and how it is changed ([[dns.updates]]). */
import { labelsOf, lowerCase, nameOf } from '../../formats/dns/name.ts';
import { type Nsupdate, openNsupdate } from './nsupdate.ts';

/** One [[dns.updates]] of the configuration. */
export type ZoneUpdates = {
  readonly zones: readonly string[];
  readonly server: string;
  readonly key_file: string;
};

export type UpdatableZone = { readonly zone: string; readonly update: Nsupdate };

/**
 * The closest zone above a name that may be changed; undefined: none. Throws as openNsupdate does,
 * at the start.
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
