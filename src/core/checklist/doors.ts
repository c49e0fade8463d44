/**
 * Compares the addresses that Postfix's main.cf names for Postern with the addresses where the
 * guard's doors are. The guard and `postern doctor` both use it. Pure.
 */
import { expand, type MainCf, mainValue } from '../../formats/postfix/main-cf.ts';

export type DoorName = 'milter' | 'inbound' | 'policy';
/** For each door all its addresses, as `inet:127.0.0.1:9900` or `unix:/run/postern/milter`. */
export type DoorPlaces = Readonly<Record<DoorName, readonly string[]>>;

/** The addresses that version 0.1 used when nothing was set. */
export const oldAddresses: Readonly<Record<'milter' | 'policy', string>> = {
  milter: 'inet:127.0.0.1:9900',
  policy: 'inet:127.0.0.1:9901',
};

/** Below the queue directory of Postfix. */
const socketsFolder = 'postern';
/** Postfix's own default, if main.cf does not set queue_directory. */
const usualQueue = '/var/spool/postfix';
/** More are not looked at: main.cf of Postern names three. */
const addressesMax = 100;

export function queueDirectoryOf(main: MainCf): string {
  return expanded(main, 'queue_directory') || usualQueue;
}

/** The Unix sockets of an instance, as the guard opens them. */
export function socketsOf(queueDirectory: string): Readonly<Record<DoorName, string>> {
  const at = (name: DoorName): string => `unix:${queueDirectory}/${socketsFolder}/${name}`;
  return { milter: at('milter'), inbound: at('inbound'), policy: at('policy') };
}

/**
 * An address of main.cf as the guard writes it: a relative path becomes absolute, `localhost`
 * becomes 127.0.0.1.
 */
export function sameAddress(written: string, queueDirectory: string): string {
  const [kind = '', ...rest] = written.split(':');
  const where = rest.join(':');
  if (/^(?:unix|local)$/i.test(kind)) {
    return `unix:${where.startsWith('/') ? where : `${queueDirectory}/${where}`}`;
  }
  const [, host = '', port = ''] = /^inet:(.*):(\d+)$/i.exec(written) ?? [];
  if (port === '') return written;
  const plain = host.toLowerCase() === 'localhost' ? '127.0.0.1' : host.toLowerCase();
  const bare = plain.replace(/^\[(.*)\]$/, '$1');
  return `inet:${bare.includes(':') ? `[${bare}]` : bare}:${port}`;
}

/**
 * The addresses that main.cf names for Postern: those in Postern's own parameters, and, if they
 * were written by hand into a list of Postfix, those that only Postern uses.
 */
export function doorsAsked(main: MainCf, queueDirectory: string): DoorPlaces {
  const same = (address: string): string => sameAddress(address, queueDirectory);
  const named = (parameter: string): readonly string[] =>
    namedAddresses(expanded(main, parameter)).map(same);
  const known = new Set<string>([
    ...Object.values(socketsOf(queueDirectory)),
    ...Object.values(oldAddresses),
  ]);
  const byHand = (parameters: readonly string[]): readonly string[] =>
    parameters.flatMap(named).filter((address) => known.has(address));
  const inbound = named('postern_inbound');
  const milter = [...named('postern_milter'), ...byHand(['smtpd_milters', 'non_smtpd_milters'])];
  return {
    milter: unique(milter.filter((address) => !inbound.includes(address))),
    inbound: unique(inbound),
    policy: unique([
      ...named('postern_policy'),
      ...byHand([
        'smtpd_recipient_restrictions',
        'smtpd_data_restrictions',
        'smtpd_end_of_data_restrictions',
      ]),
    ]),
  };
}

/**
 * A sentence for each address that main.cf names and where no door of the guard is; empty if all
 * are there. Mail takes either milter door, so an address of the one may be named for the other.
 */
export function doorsDiffer(
  main: MainCf,
  queueDirectory: string,
  open: DoorPlaces,
): readonly string[] {
  const asked = doorsAsked(main, queueDirectory);
  const milters = [...open.milter, ...open.inbound];
  const at: DoorPlaces = { milter: milters, inbound: milters, policy: open.policy };
  const missing = (['milter', 'inbound', 'policy'] as const).flatMap((name) =>
    asked[name].filter(
      (address) => !at[name].some((one) => reaches(address, sameAddress(one, queueDirectory))),
    ),
  );
  return unique(missing).map(
    (address) => `main.cf asks ${address}, where no door of this guard is`,
  );
}

/** A door that listens on all addresses of the machine is reached at each of them. */
function reaches(asked: string, door: string): boolean {
  if (asked === door) return true;
  const port = /^inet:(?:0\.0\.0\.0|\[::\])(:\d+)$/.exec(door)?.[1];
  return port !== undefined && asked.startsWith('inet:') && asked.endsWith(port);
}

/** The value with every `$name` replaced. */
function expanded(main: MainCf, name: string): string {
  return expand(mainValue(main, name) ?? '', (wanted) => mainValue(main, wanted)).trim();
}

/** Milters and policy services in a list: `{ ADDRESS, option=value }` or the address alone. */
export function namedAddresses(list: string): readonly string[] {
  const found = list.match(/\b(?:inet|unix|local):[^\s,{}]+/gi) ?? [];
  return found.slice(0, addressesMax);
}

const unique = (items: readonly string[]): readonly string[] => [...new Set(items)];
