/**
 * Changes records of a zone on its name server: RFC 2136, signed with TSIG, by nsupdate(1). The key
 * stays in its file, which nsupdate itself reads; all that a call does is done at once or not at
 * all.
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
  /** As in DnsRecord. */
  readonly zone: string;
  /**
   * Removed before anything is added; what is not there is no failure. The TTL is not looked at.
   */
  readonly remove: readonly DnsRecord[];
  readonly add: readonly DnsRecord[];
  /** Nothing is changed if there are records of this name and type. */
  readonly absent?: readonly DnsQuestion[];
};

export type NsupdateOptions = {
  /** Name or address, then the port where it is not 53: `127.0.0.1:5353`, `[::1]:5353`. */
  readonly server: string;
  /** As `tsig-keygen` writes it. */
  readonly keyFile: string;
  readonly program?: string;
  readonly deadlineMs?: number;
};

/** Says in one line why nothing was changed. Never rejects. */
export type Nsupdate = (update: ZoneUpdate) => Promise<Result<undefined, string>>;

/** A name server on the other side of the world that has to write to disk. */
const deadlineMsDefault = 20_000;
/** One update is one message; a rotation changes two records. */
const changesMax = 200;

/** Throws OperatorError `key-file` where the key may be read by anybody, or is missing. */
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
      hint: `make one: umask 077; tsig-keygen postern > ${path}; and name it in allow-update`,
      exit: sysexits.config,
    });
  }
  if ((mode & 0o007) !== 0) {
    throw new OperatorError('key-file', `the TSIG key ${path} may be read by anybody`, {
      hint: `chmod o= ${path}, and better make a new key: this one may be known`,
      exit: sysexits.config,
    });
  }
}

/** The commands for nsupdate; what cannot be said to it, in words. */
export function nsupdateInput(server: string, update: ZoneUpdate): Result<string, string> {
  const [, six, host, port = '53'] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(
    /^[\da-f:]*:[\da-f:.]*:[\da-f:.]*$/i.test(server) ? `[${server}]` : server,
  ) ?? [undefined];
  const address = six ?? host;
  if (address === undefined) return fault(`${server} is no name server`);
  const { zone, remove, add, absent = [] } = update;
  if (remove.length + add.length === 0) return fault('there is nothing to change');
  if (remove.length + add.length > changesMax) return fault(`more than ${changesMax} changes`);
  const lines = [
    `server ${address} ${port}`,
    `zone ${printName(zone, undefined)}`,
    ...absent.map(({ name, type }) => `prereq nxrrset ${printName(name, undefined)} IN ${type}`),
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

/** What the codes of RFC 2136 and RFC 8945 mean to the operator. */
const meanings: readonly (readonly [RegExp, string])[] = [
  [/BADKEY|BADSIG|tsig verify failure/i, 'it does not know this TSIG key, or has another secret'],
  [/BADTIME/i, 'its clock and ours differ by more than five minutes'],
  [/REFUSED/i, 'allow-update does not let this key change the zone'],
  [/NOTAUTH|NOTZONE/i, 'it is not the primary server of this zone'],
  [/YXRRSET|YXDOMAIN/i, 'there is such a record already, and it was not to be overwritten'],
  [/SERVFAIL/i, 'it failed; its log says why'],
  [
    /timed out|too long|communication with|connection refused|couldn't get address|host unreachable/i,
    'cannot reach it',
  ],
];

function explained(message: string, { server }: NsupdateOptions, { zone }: ZoneUpdate): string {
  const code = message.replace(/\s+/g, ' ').slice(0, 200);
  const meaning = meanings.find(([pattern]) => pattern.test(code))?.[1];
  return `${server} did not change ${zone}: ${meaning ?? 'nsupdate failed'} (${code})`;
}
