/**
 * DKIM records in the DNS: looked at where the zone is, changed by nsupdate where that is
 * configured.
 */
import { type DkimKey, keyName, recordText, type Sighting } from '../../core/signing/key.ts';
import { sightingOf } from '../../core/signing/sighting.ts';
import { type DnsRecord, txtStrings } from '../../formats/dns/record.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { dayMs, hourMs, secondMs } from '../../lib/time.ts';
import type { KeyZone } from '../../ports/keys.ts';
import type { Resolver } from '../../ports/world.ts';
import type { Authorities } from '../dns/authority.ts';
import type { Nsupdate } from '../dns/nsupdate.ts';

export type KeyZoneOptions = {
  readonly resolve: Resolver;
  readonly authorities: Authorities;
  /** Zones that may be changed, each with its way. */
  readonly updates: readonly { readonly zone: string; readonly update: Nsupdate }[];
  readonly ttlSeconds: number;
};

/**
 * RFC 2308 section 5: resolvers keep negative answers one to three hours; BIND's max-ncache-ttl is
 * three.
 */
const negativeMsMax = 3 * hourMs;
/** Where nobody says how long: what zones commonly have. */
const negativeMsUnknown = hourMs;
/** BIND's max-cache-ttl is a week; who publishes a record for longer must wait for nobody. */
const cachedMsMax = 7 * dayMs;

export function openKeyZone(options: KeyZoneOptions): KeyZone {
  const { authorities, resolve, ttlSeconds } = options;
  const zones = options.updates.map((one) => ({ ...one, zone: one.zone.toLowerCase() }));
  const wayTo = (domain: string): (typeof zones)[number] | undefined =>
    zones
      .filter(({ zone }) => domain === zone || domain.endsWith(`.${zone}`))
      .sort((one, other) => other.zone.length - one.zone.length)[0];
  const record = (key: DkimKey, text: string): DnsRecord => ({
    type: 'TXT',
    name: keyName(key),
    ttlSeconds,
    strings: txtStrings(text),
  });
  return {
    ttlSeconds,
    canSend: (domain) => wayTo(domain) !== undefined,
    async look(key): Promise<Sighting> {
      const [answers, negativeMs] = await Promise.all([
        authorities({ name: keyName(key), type: 'TXT' }),
        negativeMsOf(key.domain, resolve),
      ]);
      const sight = sightingOf(key, answers, negativeMs);
      return { ...sight, cachedMs: Math.min(sight.cachedMs, cachedMsMax) };
    },
    async send(key, what) {
      const way = wayTo(key.domain);
      if (way === undefined) throw failed(`[[dns.updates]] has no zone for ${key.domain}`);
      const live = record(key, recordText(key));
      const revoked = record(key, recordText(key, 'revoked'));
      const add = what === 'key' ? [live] : what === 'revoked' ? [revoked] : [];
      const own = what === 'key' ? [revoked] : [live, revoked];
      // A record that somebody else wrote for this key may be written otherwise.
      const shown = what === 'key' ? [] : await shownAt(keyName(key), authorities);
      const stays = new Set(add.map(dataOf));
      const remove = [...own, ...shown].filter((one) => !stays.has(dataOf(one)));
      const said = await way.update({ zone: way.zone, remove, add });
      if (!said.ok) throw failed(said.error);
    },
  };
}

/** For how long a resolver that asked for a name in this zone remembers that it was not there. */
async function negativeMsOf(domain: string, resolve: Resolver): Promise<number> {
  for (let name = domain; name !== ''; name = name.slice(name.indexOf('.') + 1)) {
    const answer = await resolve({ name, type: 'SOA' });
    if (answer.kind === 'failure') return negativeMsUnknown;
    const soa = answer.kind === 'records' ? answer.records[0] : undefined;
    if (soa?.type === 'SOA') {
      return Math.min(Math.min(soa.ttlSeconds, soa.minimum) * secondMs, negativeMsMax);
    }
    if (!name.includes('.')) break;
  }
  return negativeMsUnknown;
}

async function shownAt(name: string, authorities: Authorities): Promise<readonly DnsRecord[]> {
  const answers = await authorities({ name, type: 'TXT' });
  const records = answers.flatMap(({ answer }) =>
    answer.kind === 'records' ? answer.records : [],
  );
  const here = records.filter((one) => one.name === name);
  return [...new Map(here.map((one) => [dataOf(one), one])).values()];
}

function dataOf(record: DnsRecord): string {
  return record.type === 'TXT' ? record.strings.join('\n') : '';
}

function failed(text: string): OperatorError {
  return new OperatorError('dns-update', text, { exit: sysexits.unavailable });
}
