/**
 * Whose client is it? A message is compared with the networks and programs that its account has
 * used. One of them new is ordinary: people buy telephones and travel. Both new at once is odd.
 */
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { MessageFacts } from '../event.ts';
import { longDays, networkOf, type SeenNetwork } from './network.ts';
import { isKnownZone, isProgramOf, programOf, type SeenProgram, zoneMinutes } from './program.ts';

/**
 * home: network and program were used for long, and the account's mail is read there. own: the
 * same without reading. near: the network was used for long, and no program is seen. host: a host
 * of the server, where others send as well. moved: the account's program on a new network, as a
 * telephone on the way. odd: network and program are new to the account. unknown: nothing to see.
 * ordinary: anything else.
 */
export type Familiarity =
  | 'home'
  | 'own'
  | 'near'
  | 'host'
  | 'moved'
  | 'ordinary'
  | 'odd'
  | 'unknown';

/** The account's own client, or a host of the server. */
export function isTrusted(standing: Familiarity): boolean {
  return standing === 'home' || standing === 'own' || standing === 'near' || standing === 'host';
}

export type ClientStanding = {
  readonly standing: Familiarity;
  /** As networkOf and programOf name them; empty if nothing is known. */
  readonly network: string;
  readonly program: string;
  /** What is new to the account. */
  readonly isNewNetwork: boolean;
  readonly isNewProgram: boolean;
  readonly isNewTls: boolean;
  readonly isNewZone: boolean;
};

/** Since when something is known, and on how many days it was used. */
const knownMs = dayMs;
const settledMs = 45 * dayMs;
const longMs = 7 * dayMs;
/** How long reading from a network speaks for it. */
const readMs = 3 * dayMs;

export function clientStanding(
  profile: {
    readonly networks: readonly SeenNetwork[];
    readonly programs: readonly SeenProgram[];
    readonly zones: number[];
    readonly firstSeen: Millis;
  },
  message: MessageFacts,
  isOwnHost: (client: string) => boolean,
): ClientStanding {
  const { at, client = '', script, traits } = message;
  const network = networkOf(client);
  const isOwn = script !== undefined || (network !== '' && isOwnHost(client));
  const place = isOwn
    ? 'long'
    : network === ''
      ? 'none'
      : ageOf(profile.networks, at, (one) => one.network === network);
  const program = programOf(message);
  const isIt = isProgramOf(message, program);
  const how = program === '' ? 'none' : ageOf(profile.programs, at, (one) => isIt(one.program));
  const { tls, zone } = traits ?? {};
  const minutes = zone === undefined ? undefined : zoneMinutes(zone);
  const isNewTls = tls !== undefined && isTlsNew(profile.programs, isIt, tls);
  const isNewZone =
    minutes !== undefined &&
    profile.zones.length > 0 &&
    !isKnownZone({ programs: [], zones: profile.zones }, minutes);
  const isNewNetwork = place === 'new';
  const isNewProgram = how === 'new';
  const readSince = (at - readMs) / minuteMs;
  const changes =
    Number(isNewNetwork) + Number(isNewProgram) + Number(isNewTls) + Number(isNewZone);
  const standing = ((): Familiarity => {
    if (place === 'none' && how === 'none') return 'unknown';
    // A host of the server: whoever uses its programs says little. A settled account has its own.
    if (isOwn) return isNewProgram && at - profile.firstSeen > settledMs ? 'ordinary' : 'host';
    if (changes >= 2 && (isNewNetwork || isNewProgram)) return 'odd';
    if (changes > 0) return isNewNetwork && how === 'long' ? 'moved' : 'ordinary';
    if (place === 'first' || how === 'first') return 'ordinary';
    if (how === 'none') return place === 'long' ? 'near' : 'ordinary';
    const isRead = profile.networks.some(
      (one) => one.network === network && one.read !== undefined && one.read > readSince,
    );
    if (place === 'known' && how !== 'long') return 'ordinary';
    if (place === 'known' && !isRead) return 'moved';
    return isRead && place === 'long' ? 'home' : 'own';
  })();
  return { standing, network, program, isNewNetwork, isNewProgram, isNewTls, isNewZone };
}

/** Whether the program was seen with other versions and ciphers of TLS only. */
function isTlsNew(
  programs: readonly SeenProgram[],
  isIt: (program: string) => boolean,
  tls: string,
): boolean {
  let isSeen = false;
  for (const one of programs) {
    if (one.tls.length === 0 || !isIt(one.program)) continue;
    if (one.tls.includes(tls)) return false;
    isSeen = true;
  }
  return isSeen;
}

/** A network is the account's own if it was used on days enough, or if its mail is read there. */
function isUsedLong({
  days = longDays,
  read,
  program,
}: Partial<SeenNetwork & SeenProgram>): boolean {
  return program !== undefined || days >= longDays || read !== undefined;
}

type Age = 'none' | 'first' | 'new' | 'known' | 'long';

/** `first`: the account has nothing older to compare with. */
function ageOf<Seen extends SeenNetwork | SeenProgram>(
  all: readonly Seen[],
  at: number,
  isIt: (one: Seen) => boolean,
): Age {
  const ripe = (at - knownMs) / minuteMs;
  let any = false;
  let isKnown = false;
  for (const one of all) {
    if (one.first > ripe || one.days === 0) continue;
    if (!isIt(one)) {
      any = true;
      continue;
    }
    const isLong = one.first <= (at - longMs) / minuteMs && isUsedLong(one);
    if (isLong) return 'long';
    isKnown = true;
  }
  if (isKnown) return 'known';
  return any ? 'new' : 'first';
}
