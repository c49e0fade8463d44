/**
 * DKIM records in the DNS. They are read from the authoritative servers, and changed by nsupdate if
 * that is configured.
 */
import { type DkimKey, keyName, recordText, type Sighting } from '../../core/signing/key.ts';
import { sightingOf } from '../../core/signing/sighting.ts';
import { type DnsRecord, txtStrings } from '../../formats/dns/record.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { dayMs, hourMs, secondMs } from '../../lib/time.ts';
import type { KeyZone } from '../../ports/keys.ts';
import type { Resolver } from '../../ports/world.ts';
import type { Authorities } from '../dns/authority.ts';
import { negativeSeconds } from '../dns/negative-seconds.ts';
import type { Nsupdate } from '../dns/nsupdate.ts';
import { openZoneFinder, plainZone, type UpdatableZone } from '../dns/zone-updates.ts';

export type KeyZoneOptions = {
  readonly resolve: Resolver;
  readonly authorities: Authorities;
  /** Zones that Postern may change, each with its nsupdate. */
  readonly updates: readonly UpdatableZone<Nsupdate>[];
  readonly ttlSeconds: number;
  /** Of records of probation keys. */
  readonly probationTtlSeconds?: number;
};

/**
 * Resolvers keep negative answers for one to three hours (RFC 2308 section 5); BIND's
 * max-ncache-ttl is three.
 */
const negativeMsMax = 3 * hourMs;
/** If the zone does not say how long: a common value. */
const negativeMsUnknown = hourMs;
/** BIND's max-cache-ttl is a week, so a longer TTL has no effect. */
const cachedMsMax = 7 * dayMs;

export function openKeyZone(options: KeyZoneOptions): KeyZone {
  const { authorities, resolve, ttlSeconds, probationTtlSeconds = ttlSeconds } = options;
  const zones = options.updates.map((one) => ({ ...one, zone: plainZone(one.zone) }));
  const wayTo = openZoneFinder(zones);
  const ttlOf = ({ use }: Pick<DkimKey, 'use'>): number =>
    use === 'probation' ? probationTtlSeconds : ttlSeconds;
  const record = (key: DkimKey, text: string): DnsRecord => ({
    type: 'TXT',
    name: keyName(key),
    ttlSeconds: ttlOf(key),
    strings: txtStrings(text),
  });
  return {
    ttlOf,
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
      // A record for this key that somebody else wrote may be formatted differently.
      const shown = what === 'key' ? [] : await shownAt(keyName(key), authorities);
      const stays = new Set(add.map(dataOf));
      const remove = [...own, ...shown].filter((one) => !stays.has(dataOf(one)));
      const said = await way.update({ zone: way.zone, remove, add });
      if (!said.ok) throw failed(said.error);
    },
  };
}

/** How long a resolver remembers that a name in this zone did not exist. */
async function negativeMsOf(domain: string, resolve: Resolver): Promise<number> {
  const seconds = await negativeSeconds(domain, resolve);
  if (seconds === undefined) return negativeMsUnknown;
  return Math.min(seconds * secondMs, negativeMsMax);
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
