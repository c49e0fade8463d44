/**
 * The test suite of RFC 7208 as Debian's python3-spf ships it, and its zones as records. It is read
 * where the package put it; where dpkg leaves documentation out, the package is fetched again and
 * unpacked in a folder of its own.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DnsAnswer, DnsQuestion } from '../../src/formats/dns/question.ts';
import type { DnsData, DnsRecord } from '../../src/formats/dns/record.ts';
import { zoneAnswers } from '../../src/formats/dns/zone-answers.ts';
import { printBindZone } from '../../src/formats/dns/zone-bind.ts';
import { parseIpv6 } from '../../src/formats/spf/network.ts';

/** A list of records, each an object of one member, and perhaps the word TIMEOUT. */
export type SuiteZone = Readonly<Record<string, readonly ('TIMEOUT' | SuiteRecord)[]>>;
type SuiteRecord = Readonly<Record<string, string | readonly [number, string] | readonly string[]>>;
export type SuiteCase = {
  readonly helo: string;
  readonly host: string;
  readonly mailfrom: string;
  readonly result: string | readonly string[];
  /** DEFAULT: whatever is said when the domain's owner says nothing. */
  readonly explanation?: string;
};
export type Scenario = {
  readonly description: string;
  readonly tests: Readonly<Record<string, SuiteCase>>;
  readonly zonedata: SuiteZone;
};

/** Debian's own: the packages that the tests use are installed for it. */
export const python = '/usr/bin/python3';
const shipped = 'usr/share/doc/python3-spf/rfc7208-tests.yml.gz';
const fetchMsMax = 60_000;

/** The suite; a text: why it cannot be had. */
export function readSuite(): readonly Scenario[] | string {
  if (existsSync(join('/', shipped))) return parseSuite(join('/', shipped));
  const folder = mkdtempSync(join(tmpdir(), 'postern-spf-suite-'));
  try {
    unpackPackage(folder);
    return parseSuite(join(folder, shipped));
  } catch (error) {
    return `the documentation of python3-spf is not installed and cannot be fetched: ${error}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * With apt's own lists of packages, or, where they are gone, with new ones that nobody else sees.
 */
function unpackPackage(folder: string): void {
  const options = { cwd: folder, stdio: 'ignore', timeout: fetchMsMax } as const;
  try {
    execFileSync('apt-get', ['download', 'python3-spf'], options);
  } catch {
    for (const part of ['lists', 'cache/archives']) {
      mkdirSync(join(folder, part, 'partial'), { recursive: true });
    }
    const own = [`Dir::State::Lists=${folder}/lists`, `Dir::Cache=${folder}/cache`];
    const set = [...own, 'APT::Sandbox::User='].flatMap((one) => ['-o', one]);
    execFileSync('apt-get', [...set, 'update'], options);
    execFileSync('apt-get', [...set, 'download', 'python3-spf'], options);
  }
  execFileSync('sh', ['-c', 'dpkg-deb -x python3-spf_*.deb .'], options);
}

const toJson = `
import gzip, json, sys, yaml
with gzip.open(sys.argv[1], 'rt', encoding='utf-8') as text:
    json.dump([one for one in yaml.safe_load_all(text) if one], sys.stdout)
`;

function parseSuite(path: string): readonly Scenario[] {
  const json = execFileSync(python, ['-c', toJson, path], { encoding: 'utf8' });
  return JSON.parse(json) as readonly Scenario[];
}

/**
 * The records of a zone of the suite. SPF records count as TXT records unless the name has TXT
 * records of its own; TXT NONE is no record. TIMEOUT: for types without a record, the server does
 * not answer.
 */
function suiteRecords(zone: SuiteZone): {
  readonly records: readonly DnsRecord[];
  readonly silent: ReadonlySet<string>;
} {
  const records: DnsRecord[] = [];
  const silent = new Set<string>();
  for (const [written, entries] of Object.entries(zone)) {
    const name = written.toLowerCase();
    const typed = entries.filter((entry) => entry !== 'TIMEOUT');
    if (typed.length < entries.length) silent.add(name);
    const ownTxt = typed.some((entry) => 'TXT' in entry);
    for (const entry of typed) {
      for (const [type, value] of Object.entries(entry)) {
        if (value === 'NONE' || (type === 'SPF' && ownTxt)) continue;
        records.push({ ...dataOf(type, value), name, ttlSeconds: 60 });
      }
    }
  }
  return { records, silent };
}

/** The same zone for a master file, where a silent name can have no other records. */
export function suiteZoneFile(zone: SuiteZone): string {
  const { records, silent } = suiteRecords(zone);
  const withRecords = new Set(records.map(({ name }) => name));
  const mute = [...silent].filter((name) => !withRecords.has(name));
  const marks = mute.map(
    (name) => ({ type: 'TXT', strings: ['TIMEOUT'], name, ttlSeconds: 60 }) as const,
  );
  return printBindZone([...records, ...marks]);
}

function dataOf(type: string, value: SuiteRecord[string]): DnsData {
  switch (type) {
    case 'SPF':
    case 'TXT':
      return { type: 'TXT', strings: textStrings(value) };
    case 'A':
      return { type, address: String(value) };
    case 'AAAA':
      return { type, address: parseIpv6(String(value))?.text ?? '' };
    case 'MX':
      return { type, preference: Number(value[0]), exchange: nameOf(String(value[1])) };
    case 'PTR':
    case 'CNAME':
      return { type, target: nameOf(String(value)) };
    default:
      throw new Error(`the suite has a record of type ${type}`);
  }
}

/** Of no strings at all, the suite says that they are illegal; no master file can hold them. */
const textStrings = (value: SuiteRecord[string]): readonly string[] =>
  typeof value === 'string' ? [value] : value.length === 0 ? [''] : value.map(String);
const nameOf = (text: string): string => text.toLowerCase().replace(/\.$/, '');

/** Answers as the suite's zone gives them. */
export function suiteAnswers(zone: SuiteZone): (question: DnsQuestion) => DnsAnswer {
  const { records, silent } = suiteRecords(zone);
  const answer = zoneAnswers(records);
  return (question) => {
    const found = answer(question);
    if (found.kind === 'records' || !silent.has(question.name)) return found;
    return { kind: 'failure', reason: 'timeout', text: 'no server answers' };
  };
}
