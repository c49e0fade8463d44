/**
 * Reads the zone file of `--zone`: a master file of BIND, or the `data` file of tinydns. Remembers
 * the lines of each record, so that a plan can show them as they stand.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { DnsRecord } from '../../../formats/dns/record.ts';
import { parseBindZone, zoneCharactersMax } from '../../../formats/dns/zone-bind.ts';
import type { ZoneFault } from '../../../formats/dns/zone-bind-entries.ts';
import { parseTinydnsZone } from '../../../formats/dns/zone-tinydns-parse.ts';
import { OperatorError, sysexits } from '../../../lib/operator-error.ts';
import { withTinydnsWildcards } from './tinydns-wildcards.ts';

export type ZoneFormat = 'bind' | 'tinydns';

/** Lines of the file, counted from 1. */
export type ZonePlace = {
  readonly first: number;
  readonly lines: readonly string[];
  /** All records that these lines make; a line of tinydns may make several. */
  readonly records: readonly DnsRecord[];
};

export type ZoneFile = {
  /** As messages name it. */
  readonly title: string;
  /** The folder of the file; undefined for standard input. */
  readonly folder: string | undefined;
  readonly format: ZoneFormat;
  /** As a server has them that follows RFC 4592. */
  readonly records: readonly DnsRecord[];
  /** Where a record stands, perhaps several times. Empty if it is not in the file. */
  placesOf(record: DnsRecord): readonly ZonePlace[];
};

export type ZoneFileOptions = {
  /** Called for what was left out. */
  warn(text: string): void;
  /** Completes relative names of a master file. */
  readonly origin?: string | undefined;
  /** The format of a file that looks like neither. */
  readonly otherwise?: ZoneFormat;
};

const chunkOctets = 1 << 20;
/** Lines that are looked at to tell the format. */
const probeLines = 1_000;

export function readZoneFile(file: string, options: ZoneFileOptions): ZoneFile {
  const title = file === '-' ? 'standard input' : file;
  const text = zoneText(file, title);
  const seen = zoneFormat(text);
  const format = seen ?? options.otherwise ?? 'bind';
  const places = new Map<string, GrowingPlace[]>();
  const located = locator(text.split('\n'), places);
  const notes: ZoneFault[] = [];
  const skipped = (note: ZoneFault): void => void notes.push(note);
  const { origin } = options;
  const read =
    format === 'tinydns'
      ? parseTinydnsZone(text, { skipped, located })
      : parseBindZone(text, { ...(origin === undefined ? {} : { origin }), skipped, located });
  if (!read.ok) {
    const kind = format === 'tinydns' ? 'tinydns data' : 'a master file';
    const why =
      seen === undefined ? 'its lines do not tell the format' : 'most of its lines look like that';
    const lines = read.error.map(({ line, what }) => `${title}, line ${line}: ${what}`);
    throw new OperatorError('zone-line', lines.join('\n'), {
      hint: `the file was read as ${kind}, because ${why}`,
      exit: sysexits.dataErr,
    });
  }
  for (const one of summed(notes)) options.warn(`${title}, ${one}\n`);
  return {
    title,
    folder: file === '-' ? undefined : dirname(resolve(file)),
    format,
    records: format === 'tinydns' ? withTinydnsWildcards(read.value) : read.value,
    placesOf: (record) => places.get(recordKey(record)) ?? [],
  };
}

/** Reads no more than a little over the limit, also from a pipe that never ends. */
function zoneText(file: string, title: string): string {
  const chunks: Buffer[] = [];
  let octets = 0;
  try {
    const input = file === '-' ? 0 : openSync(file, 'r');
    try {
      for (let read = -1; read !== 0 && octets <= zoneCharactersMax; ) {
        const chunk = Buffer.alloc(chunkOctets);
        read = readSync(input, chunk);
        octets += read;
        chunks.push(chunk.subarray(0, read));
      }
    } finally {
      if (file !== '-') closeSync(input);
    }
  } catch (cause) {
    throw new OperatorError('zone-file', `cannot read ${file}`, { cause, exit: sysexits.noInput });
  }
  if (octets > zoneCharactersMax) {
    throw new OperatorError('zone-file', `${title} has more than ${zoneCharactersMax} octets`, {
      hint: 'give a file with the zone of these domains alone',
      exit: sysexits.dataErr,
    });
  }
  return Buffer.concat(chunks).toString('latin1');
}

type GrowingPlace = ZonePlace & { readonly records: DnsRecord[] };

function locator(
  lines: readonly string[],
  places: Map<string, GrowingPlace[]>,
): (record: DnsRecord, first: number, last?: number) => void {
  let current: GrowingPlace | undefined;
  return (record, first, last = first) => {
    if (current?.first === first) current.records.push(record);
    else {
      const own = lines.slice(first - 1, last).map((line) => line.replace(/\r$/, ''));
      current = { first, lines: own, records: [record] };
    }
    const key = recordKey(record);
    const known = places.get(key);
    if (known === undefined) places.set(key, [current]);
    else if (!known.includes(current)) known.push(current);
  };
}

/** The same text for the same record with another time to live, or cut into other strings. */
export function recordKey({ name, ttlSeconds: _, ...data }: DnsRecord): string {
  const text = data.type === 'TXT' ? data.strings.join('') : JSON.stringify(data);
  return `${name.toLowerCase()} ${data.type} ${text}`;
}

/** The format by what most lines look like; undefined if no line decides. */
function zoneFormat(text: string): ZoneFormat | undefined {
  let votes = 0;
  let seen = 0;
  for (const line of text.slice(0, 1_000_000).split('\n')) {
    if (line.trim() === '') continue;
    if (++seen > probeLines) break;
    if (/^(?:#|[.&=+@'^CZ:36%SN-][^\s:]{0,1100}:)/.test(line)) votes++;
    else if (/^(?:[$;]|[ \t]|\S{1,1100}[ \t])/.test(line)) votes--;
  }
  return votes === 0 ? undefined : votes > 0 ? 'tinydns' : 'bind';
}

const linesShownMax = 5;

/** What was left out, each kind once with its lines. */
function summed(notes: readonly ZoneFault[]): readonly string[] {
  const kinds = new Map<string, number[]>();
  for (const { line, what } of notes) {
    const lines = kinds.get(what);
    if (lines === undefined) kinds.set(what, [line]);
    else lines.push(line);
  }
  return [...kinds].map(([what, lines]) => {
    if (lines.length === 1) return `line ${lines[0]}: left out: ${what}`;
    const first = lines.slice(0, linesShownMax).join(', ');
    const more = lines.length > linesShownMax ? ' …' : '';
    return `lines ${first}${more}: left out, ${lines.length} times: ${what}`;
  });
}
