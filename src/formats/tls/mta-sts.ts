/**
 * Reads and prints MTA-STS (RFC 8461): the record that announces a policy and its version, and the
 * policy file with which a domain asks for verified TLS. Pure.
 */
import { fault, ok, type Result } from '../../lib/result.ts';
import type { RecordKind } from '../dns/near-record.ts';

export const mtaStsModes = ['enforce', 'testing', 'none'] as const;
export type MtaStsPolicy = {
  readonly mode: (typeof mtaStsModes)[number];
  readonly maxAgeSeconds: number;
  /** Names of MX hosts in lower case; `*.` matches one label. */
  readonly mx: readonly string[];
};

/** The largest max_age, about a year (RFC 8461 section 3.2). */
const maxAgeSecondsMax = 31_557_600;
/** The longest policy; senders may stop reading at 64 KB. */
const policyCharactersMax = 65_536;

/** The id of a record; undefined if the text is not a valid MTA-STS record. */
export function parseMtaStsRecord(text: string): { readonly id: string } | undefined {
  const parts = text.split(';').map((part) => part.trim());
  if (parts[0] !== 'v=STSv1') return undefined;
  const ids = parts.flatMap((part) => /^id=([A-Za-z0-9]{1,32})$/.exec(part)?.[1] ?? []);
  const [id] = ids;
  return ids.length === 1 && id !== undefined ? { id } : undefined;
}

/** Whether the text is meant as an MTA-STS record, valid or not. */
export function isMtaStsRecord(text: string): boolean {
  return /^v=STSv1[ \t]*(?:;|$)/.test(text);
}

/** For texts that are nearly MTA-STS records. */
export const mtaStsKind: RecordKind = {
  version: 'v=STSv1',
  nearly: [
    /^v ?[=:]{0,2} ?(?:mta-?)?sts(?: ?[-._]? ?v?1)?/i,
    /^(?:mta-?)?sts ?v?1(?=[ ;,:])/i,
    /^(?=id ?= ?[a-z0-9]{1,32} ?;?$)/i,
  ],
  is: isMtaStsRecord,
  reads: (text) => parseMtaStsRecord(text) !== undefined,
  between: ';',
};

/** Parses a policy file. The fault is one clause. */
export function parseMtaStsPolicy(text: string): Result<MtaStsPolicy, string> {
  if (text.length > policyCharactersMax) return fault('it is longer than 64 KB');
  const values = new Map<string, string>();
  const mx: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const [, key, value = ''] = /^([A-Za-z0-9][\w.-]*):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (key === undefined) return fault(`“${line.slice(0, 40)}” is not “key: value”`);
    if (key === 'mx') mx.push(value.toLowerCase());
    else if (!values.has(key)) values.set(key, value);
  }
  if (values.get('version') !== 'STSv1') return fault('“version: STSv1” is missing');
  const mode = mtaStsModes.find((one) => one === values.get('mode'));
  if (mode === undefined) return fault('mode must be enforce, testing or none');
  const age = values.get('max_age') ?? '';
  const maxAgeSeconds = Number(age);
  if (!/^\d{1,10}$/.test(age) || maxAgeSeconds > maxAgeSecondsMax) {
    return fault(`max_age must be seconds, at most ${maxAgeSecondsMax}`);
  }
  const bad = mx.find((one) => !/^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(one));
  if (bad !== undefined) return fault(`mx may not be “${bad.slice(0, 60)}”`);
  if (mode !== 'none' && mx.length === 0) return fault('it names no mx');
  return ok({ mode, maxAgeSeconds, mx });
}

/** Prints the policy file, with the line ends that RFC 8461 requires. */
export function printMtaStsPolicy({ mode, maxAgeSeconds, mx }: MtaStsPolicy): string {
  const lines = ['version: STSv1', `mode: ${mode}`, ...mx.map((one) => `mx: ${one}`)];
  return [...lines, `max_age: ${maxAgeSeconds}`, ''].join('\r\n');
}

/** Whether the policy allows this MX host. */
export function allowsMx({ mx }: MtaStsPolicy, host: string): boolean {
  const name = host.toLowerCase();
  const dot = name.indexOf('.');
  return mx.some(
    (one) => one === name || (one.startsWith('*.') && dot > 0 && one.slice(1) === name.slice(dot)),
  );
}
