/**
 * Client programs: what a message says about the program that handed it in. A program is known by
 * its SASL mechanism, its name without a version, the form of its EHLO and of its Message-ID, or by
 * the path of a script. Releases and addresses change; these hardly do.
 */
import { dayMs, type Millis, minuteMs } from '../../lib/time.ts';
import type { MessageFacts } from '../event.ts';

/** A program the account has used. Times in minutes since 1970; `days` as of SeenNetwork. */
export type SeenProgram = {
  readonly program: string;
  readonly first: number;
  last: number;
  days: number;
  /** Versions and ciphers of TLS it was seen with, the newest last. */
  readonly tls: string[];
};

type WithPrograms = { programs: SeenProgram[]; zones: number[] };

/** Programs remembered for each account: a person has a few. */
const programsMax = 16;
const tlsMax = 6;
const zonesMax = 6;
const programLengthMax = 160;

/** Empty: nothing is known of the program. */
export function programOf({ script, traits }: MessageFacts): string {
  if (script !== undefined) return `script ${script}`.slice(0, programLengthMax);
  if (traits === undefined) return '';
  const { auth, helo, mailer, messageIdForm = '', via = '' } = traits;
  // A mechanism alone is nobody's.
  if (helo === undefined && mailer === undefined) return '';
  const name = mailer === undefined ? '' : withoutVersion(mailer);
  const parts = [via, auth ?? '', heloForm(helo ?? ''), messageIdForm, name];
  return parts.join('|').slice(0, programLengthMax);
}

/**
 * Tells whether a program that an account has used may be `program`, that of this message. Where no
 * header was looked at, as at the policy door, it may be each that hands in alike.
 */
export function isProgramOf(
  { script, traits }: MessageFacts,
  program: string,
): (used: string) => boolean {
  const { auth = '', helo = '', mailer } = traits ?? {};
  if (mailer !== undefined || script !== undefined) return (used) => used === program;
  const start = `${auth}|${heloForm(helo)}|`.slice(0, programLengthMax - 1);
  return (used) => used.startsWith(start, used.indexOf('|') + 1);
}

/**
 * The name without a version at its end, and without what stands around its numbers: `Mail/1.2-3
 * (linux)` is `Mail`. Whoever writes the mail chooses the name: it is read once, from its end, by
 * no pattern that could search back.
 */
function withoutVersion(name: string): string {
  let end = name.length;
  if (name.endsWith(')')) {
    const open = name.lastIndexOf('(');
    const isComment = open > 0 && name[open - 1] === ' ' && name.indexOf(')', open) === end - 1;
    if (!isComment) return name;
    end = open - 1;
  }
  let start = end;
  for (let at = end - 1; at >= 0 && isOfVersion.test(name[at] ?? ''); at--)
    if (isNumber.test(name[at] ?? '')) start = at;
  if (start === end) return name;
  while (start > 0 && isGap.test(name[start - 1] ?? '')) start--;
  return name.slice(0, start);
}

const isOfVersion = /[\w.+~-]/;
const isNumber = /[\d.]/;
const isGap = /[\s/]/;

const privateAddress =
  /^\[?(?:ipv6:)?(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|fe80:|f[cd]..:)/i;

/** What stays the same in the EHLO names of one program: addresses and made-up names are alike. */
function heloForm(helo: string): string {
  const name = helo.toLowerCase();
  if (name === '') return '';
  if (name.startsWith('[127.')) return '[127]';
  if (privateAddress.test(name)) return '[private]';
  if (name.startsWith('[') || /^[\d.]+$/.test(name)) return '[address]';
  if (!name.includes('.')) return name.replace(/-.*/, '-');
  return name;
}

/** Minutes east of UTC; undefined for anything but `+hhmm`. */
export function zoneMinutes(zone: string): number | undefined {
  const found = /^([+-])(\d\d)(\d\d)$/.exec(zone);
  if (found === null) return undefined;
  const minutes = Number(found[2]) * 60 + Number(found[3]);
  return found[1] === '-' ? -minutes : minutes;
}

/** Summer time moves a zone by an hour. */
export function isKnownZone({ zones }: WithPrograms, minutes: number): boolean {
  return zones.some((known) => Math.abs(known - minutes) <= 60);
}

export function noteProgram(
  profile: WithPrograms,
  { at, traits }: MessageFacts,
  program: string,
  teaches: boolean,
): void {
  const minute = Math.floor(at / minuteMs);
  let seen = profile.programs.find((one) => one.program === program);
  if (seen === undefined) {
    seen = { program, first: minute, last: minute, days: teaches ? 1 : 0, tls: [] };
    profile.programs.push(seen);
    if (profile.programs.length > programsMax) {
      const oldest = profile.programs.reduce((a, b) => (b.last < a.last ? b : a));
      profile.programs = profile.programs.filter((one) => one !== oldest);
    }
  } else {
    const isNextDay = Math.floor(at / dayMs) > Math.floor((seen.last * minuteMs) / dayMs);
    if (teaches && (isNextDay || seen.days === 0)) seen.days++;
    seen.last = minute;
  }
  if (!teaches) return;
  const { tls, zone } = traits ?? {};
  if (tls !== undefined && !seen.tls.includes(tls)) {
    seen.tls.push(tls);
    if (seen.tls.length > tlsMax) seen.tls.shift();
  }
  const minutes = zone === undefined ? undefined : zoneMinutes(zone);
  if (minutes === undefined || profile.zones.includes(minutes)) return;
  profile.zones.push(minutes);
  if (profile.zones.length > zonesMax) profile.zones.shift();
}

/** Forgets programs first seen since then, after a hijack, and returns them. */
export function forgetPrograms(profile: WithPrograms, since: Millis): readonly SeenProgram[] {
  const minute = Math.floor(since / minuteMs);
  const forgotten = profile.programs.filter(({ first }) => first >= minute);
  profile.programs = profile.programs.filter(({ first }) => first < minute);
  return forgotten;
}

/** Remembers programs again, as restoreNetworks does. */
export function restorePrograms(profile: WithPrograms, forgotten: readonly SeenProgram[]): void {
  const known = new Set(profile.programs.map(({ program }) => program));
  const again = forgotten
    .filter(({ program }) => !known.has(program))
    .map((one) => ({ ...one, days: Math.max(1, one.days) }));
  profile.programs = [...profile.programs, ...again]
    .sort((one, other) => other.last - one.last)
    .slice(0, programsMax);
}
