/**
 * Reads lines that are JSON: records of `journalctl --output=json`, Docker's json-file, and what
 * log shippers write. Pure, never throws.
 */
import { peerText } from '../../lib/peer-text.ts';
import type { Frame } from './frame.ts';
import { readStamp, type Stamp, stampOf } from './stamp.ts';

type Fields = Readonly<Record<string, unknown>>;
/** Reads a line inside another line. */
type Inner = (line: string, outer: Stamp | undefined, host: string) => Frame | undefined;

/** `line` may begin with what event streams (`data: `) and JSON sequences (RFC 7464) put there. */
export function framedJson(line: string, inner: Inner): Frame | undefined {
  const fields = fieldsOf(line.slice(line.indexOf('{')));
  return fields === undefined ? undefined : framedFields(fields, inner);
}

function fieldsOf(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** The record of the journal, or of a log shipper. */
export function framedFields(fields: Fields, inner: Inner): Frame | undefined {
  const message = textOf(first(fields, ['MESSAGE', 'message', 'msg', 'log', 'MSG']));
  if (message === undefined) return undefined;
  const text = message.replace(/[\r\n]+$/, '');
  const stamp = stampIn(fields);
  const host = textOf(first(fields, ['_HOSTNAME', 'hostname', 'HOST', 'host'])) ?? '';
  const names = ['SYSLOG_IDENTIFIER', 'syslogtag', 'PROGRAM', 'program', 'programname', '_COMM'];
  const tag = textOf(first(fields, names));
  // Docker hands on whole lines; its journal driver names the container as the program.
  if (tag === undefined || 'CONTAINER_NAME' in fields) return inner(text, stamp, host);
  const pid = textOf(first(fields, ['SYSLOG_PID', '_PID', 'PID', 'pid', 'procid'])) ?? '';
  const bracket = tag.search(/[[:]/);
  return { stamp, host, tag: bracket < 0 ? tag : tag.slice(0, bracket), pid, text };
}

function first(fields: Fields, names: readonly string[]): unknown {
  for (const name of names) {
    if (Object.hasOwn(fields, name)) return fields[name];
  }
  return undefined;
}

function stampIn(fields: Fields): Stamp | undefined {
  for (const name of ['_SOURCE_REALTIME_TIMESTAMP', '__REALTIME_TIMESTAMP']) {
    const value = fields[name];
    if (typeof value === 'string' && /^\d{13,17}$/.test(value)) {
      return stampOf(Math.floor(Number(value) / 1_000));
    }
  }
  const text = textOf(first(fields, ['time', '@timestamp', 'timestamp', 'timereported', 'DATE']));
  return text === undefined ? undefined : readStamp(text, 0);
}

/** journalctl prints bytes that are not UTF-8 as a list of numbers. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (!Array.isArray(value)) return undefined;
  if (value.every((byte) => typeof byte === 'number')) return peerText(Buffer.from(value));
  const [one]: readonly unknown[] = value;
  return typeof one === 'string' ? one : undefined;
}
