/**
 * MTA-STS (RFC 8461): the record that says that there is a policy and which version of it, and the
 * policy file by which a domain asks for verified TLS. Pure.
 */
import { fault, ok, type Result } from '../../lib/result.ts';

export const mtaStsModes = ['enforce', 'testing', 'none'] as const;
export type MtaStsPolicy = {
  readonly mode: (typeof mtaStsModes)[number];
  readonly maxAgeSeconds: number;
  /** Names of MX hosts; `*.` stands for one label. In lower case. */
  readonly mx: readonly string[];
};

/** RFC 8461 section 3.2: about a year. */
const maxAgeSecondsMax = 31_557_600;
/** Fetchers may stop at 64 KB. */
const policyCharactersMax = 65_536;

/** The id of a record; undefined: the text is no such record, or one that nobody can read. */
export function parseMtaStsRecord(text: string): { readonly id: string } | undefined {
  const parts = text.split(';').map((part) => part.trim());
  if (parts[0] !== 'v=STSv1') return undefined;
  const ids = parts.flatMap((part) => /^id=([A-Za-z0-9]{1,32})$/.exec(part)?.[1] ?? []);
  const [id] = ids;
  return ids.length === 1 && id !== undefined ? { id } : undefined;
}

/** Whether the text means to be such a record, readable or not. */
export function isMtaStsRecord(text: string): boolean {
  return /^v=STSv1[ \t]*(?:;|$)/.test(text);
}

/** The policy, or one clause that says why there is none. */
export function parseMtaStsPolicy(text: string): Result<MtaStsPolicy, string> {
  if (text.length > policyCharactersMax) return fault('it is longer than 64 KB');
  const values = new Map<string, string>();
  const mx: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const [, key, value = ''] = /^([A-Za-z0-9][\w.-]*):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (key === undefined) return fault(`“${line.slice(0, 40)}” is no “key: value”`);
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

/** The file as it is served, with the line ends that RFC 8461 wants. */
export function printMtaStsPolicy({ mode, maxAgeSeconds, mx }: MtaStsPolicy): string {
  const lines = ['version: STSv1', `mode: ${mode}`, ...mx.map((one) => `mx: ${one}`)];
  return [...lines, `max_age: ${maxAgeSeconds}`, ''].join('\r\n');
}

/** Whether the policy lets mail go to this MX host. */
export function allowsMx({ mx }: MtaStsPolicy, host: string): boolean {
  const name = host.toLowerCase();
  const dot = name.indexOf('.');
  return mx.some(
    (one) => one === name || (one.startsWith('*.') && dot > 0 && one.slice(1) === name.slice(dot)),
  );
}
