/**
 * Changes records of a zone on its name server through nsupdate(1) (RFC 2136, signed with TSIG).
 * The key stays in its file, which only nsupdate reads. All changes of a call happen at once or not
 * at all.
 */
import { statSync } from 'node:fs';
import { printName } from '../../formats/dns/name.ts';
import type { DnsQuestion } from '../../formats/dns/question.ts';
import type { DnsRecord } from '../../formats/dns/record.ts';
import { printData } from '../../formats/dns/zone-bind-data.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { fault, ok, type Result } from '../../lib/result.ts';
import { programOutput } from '../program.ts';

export type ZoneUpdate = {
  /** A name in the form of DnsRecord. */
  readonly zone: string;
  /**
   * Records to remove before anything is added. A missing record is no failure, and the TTL is
   * ignored.
   */
  readonly remove: readonly DnsRecord[];
  readonly add: readonly DnsRecord[];
  /** Nothing is changed if records of this name and type exist. */
  readonly absent?: readonly DnsQuestion[];
  /**
   * Nothing is changed unless these are all records of their names and types. TTLs are ignored.
   */
  readonly standing?: readonly DnsRecord[];
  /** Nothing is changed if one of these names has records. */
  readonly unused?: readonly string[];
};

export type NsupdateOptions = {
  /** Name or address, then the port if it is not 53: `127.0.0.1:5353`, `[::1]:5353`. */
  readonly server: string;
  /** Path of a key file as `tsig-keygen` writes it. */
  readonly keyFile: string;
  readonly program?: string;
  readonly deadlineMs?: number;
};

/** Makes an update. A fault says in one line why nothing was changed. Never rejects. */
export type Nsupdate = (update: ZoneUpdate) => Promise<Result<undefined, string>>;

/** Long enough for a distant name server that has to write to disk. */
const deadlineMsDefault = 20_000;
/** One update is one DNS message. A key rotation changes two records. */
const changesMax = 200;

/**
 * Opens nsupdate with a key. Throws OperatorError `key-file` if the key is missing or every user
 * can read it.
 */
export function openNsupdate(options: NsupdateOptions): Nsupdate {
  const { keyFile, program = '/usr/bin/nsupdate', deadlineMs = deadlineMsDefault } = options;
  checkKeyFile(keyFile);
  return async (update) => {
    const input = nsupdateInput(options.server, update);
    if (!input.ok) return input;
    try {
      await programOutput({
        program,
        args: ['-k', keyFile, '-t', String(Math.ceil(deadlineMs / 1_000))],
        input: input.value,
        signal: AbortSignal.timeout(deadlineMs),
        errors: 'complaint',
      });
      return ok(undefined);
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause);
      return fault(explained(said, options, update));
    }
  };
}

function checkKeyFile(path: string): void {
  let mode: number;
  try {
    mode = statSync(path).mode;
  } catch (cause) {
    throw new OperatorError('key-file', `the TSIG key ${path} cannot be read`, {
      cause,
      hint: `make a key: umask 077; tsig-keygen postern > ${path}; then name it in allow-update`,
      exit: sysexits.config,
    });
  }
  if ((mode & 0o007) !== 0) {
    throw new OperatorError('key-file', `every user can read the TSIG key ${path}`, {
      hint: `run chmod o= ${path}; a new key is safer, because others may know this one`,
      exit: sysexits.config,
    });
  }
}

/** Writes the commands for nsupdate. A fault says why the update cannot be expressed. */
export function nsupdateInput(server: string, update: ZoneUpdate): Result<string, string> {
  const [, six, host, port = '53'] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(
    /^[\da-f:]*:[\da-f:.]*:[\da-f:.]*$/i.test(server) ? `[${server}]` : server,
  ) ?? [undefined];
  const address = six ?? host;
  if (address === undefined) return fault(`${server} is not a name server`);
  const { zone, remove, add, absent = [], standing = [], unused = [] } = update;
  if (remove.length + add.length === 0) return fault('there is nothing to change');
  if (remove.length + add.length > changesMax) return fault(`more than ${changesMax} changes`);
  const lines = [
    `server ${address} ${port}`,
    `zone ${printName(zone, undefined)}`,
    ...absent.map(({ name, type }) => `prereq nxrrset ${printName(name, undefined)} IN ${type}`),
    ...unused.map((name) => `prereq nxdomain ${printName(name, undefined)}`),
    ...standing.map((one) => `prereq yxrrset ${printName(one.name, undefined)} ${said(one)}`),
    ...remove.map((record) => `update delete ${printName(record.name, undefined)} ${said(record)}`),
    ...add.map(
      (record) =>
        `update add ${printName(record.name, undefined)} ${record.ttlSeconds} ${said(record)}`,
    ),
    'send',
  ];
  return ok(lines.map((line) => `${line}\n`).join(''));
}

function said(record: DnsRecord): string {
  return `IN ${record.type} ${printData(record, undefined).join(' ')}`;
}

/** What the codes of RFC 2136 and RFC 8945 mean for the operator. */
const meanings: readonly (readonly [RegExp, string])[] = [
  [
    /BADKEY|BADSIG|tsig verify failure/i,
    'the server does not know this TSIG key, or has another secret',
  ],
  [/BADTIME/i, 'the clocks of the two machines differ by more than 5 minutes'],
  [/REFUSED/i, 'allow-update does not allow this key to change the zone'],
  [/NOTAUTH|NOTZONE/i, 'the server is not the primary server of this zone'],
  [/YXRRSET|YXDOMAIN/i, 'the record exists already and must not be overwritten'],
  [/NXRRSET/i, 'other records are there than the resolver showed, which may remember older ones'],
  [/SERVFAIL/i, 'the server failed; its log says why'],
  [/timed out|too long|communication with|couldn't get address/i, 'the server cannot be reached'],
  [/connection refused|host unreachable/i, 'the server cannot be reached'],
];

function explained(message: string, { server }: NsupdateOptions, { zone }: ZoneUpdate): string {
  const code = message.replace(/\s+/g, ' ').slice(0, 200);
  const meaning = meanings.find(([pattern]) => pattern.test(code))?.[1];
  return `${server} did not change ${zone}: ${meaning ?? 'nsupdate failed'} (${code})`;
}
