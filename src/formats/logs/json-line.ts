/**
 * Reads lines that are JSON: records of `journalctl --output=json`, Docker's json-file, and what
 * log shippers write. Pure, never throws.
 */
import { peerText } from '../../lib/peer-text.ts';
import type { Frame } from './frame.ts';
import { numberStamp, readStamp, type Stamp, stampOf } from './stamp.ts';

type Fields = Readonly<Record<string, unknown>>;
/** Reads a line inside another line. */
export type ReadInner = (line: string, outer: Stamp | undefined, host: string) => Frame | undefined;

/** Names that journald, syslog daemons and log shippers give their fields. */
const messageNames = [
  ...['MESSAGE', 'message', 'msg', 'log', 'MSG', 'Message', 'short_message', 'textPayload', 'line'],
];
const hostNames = ['_HOSTNAME', 'hostname', 'HOST', 'Hostname', 'host'];
const programNames = [
  ...['SYSLOG_IDENTIFIER', 'syslogtag', 'PROGRAM', 'program', 'programname', 'appname', 'ident'],
  ...['app-name', 'app_name', 'syslog-tag', 'SourceName', '_application_name', 'process', '_COMM'],
];
const pidNames = [
  ...['SYSLOG_PID', '_PID', 'PID', 'pid', 'procid', 'ProcessID', '_process_id', 'process'],
];
const timeNames = [
  ...['time', '@timestamp', 'timestamp', 'timereported', 'DATE', 'EventTime', 'date', 'ts'],
];

/** `line` may begin with what event streams (`data: `) and JSON sequences (RFC 7464) put there. */
export function framedJson(line: string, inner: ReadInner): Frame | undefined {
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
export function framedFields(fields: Fields, inner: ReadInner): Frame | undefined {
  const message = textOf(first(fields, messageNames));
  if (message === undefined) return innerFields(fields, inner);
  const text = message.replace(/^ +|[\r\n]+$/g, '');
  const stamp = stampIn(fields);
  const host = textOf(first(fields, hostNames), ['hostname', 'name']) ?? '';
  const tag = textOf(first(fields, programNames), ['name']);
  // Docker hands on whole lines; its journal driver names the container as the program.
  if (tag === undefined || 'CONTAINER_NAME' in fields) return inner(text, stamp, host);
  const bracket = tag.search(/[[:]/);
  const inTag = bracket < 0 ? undefined : /^\[(\d{1,10})\]/.exec(tag.slice(bracket))?.[1];
  const pid = textOf(first(fields, pidNames), ['pid']) ?? inTag ?? '';
  return { stamp, host, tag: bracket < 0 ? tag : tag.slice(0, bracket), pid, text };
}

/** A record inside another: of Elasticsearch, of Google Cloud. */
function innerFields(fields: Fields, inner: ReadInner): Frame | undefined {
  for (const name of ['_source', 'jsonPayload']) {
    const value = fields[name];
    if (typeof value !== 'object' || value === null) continue;
    const within: Fields = { ...value };
    if (first(within, messageNames) === undefined) return undefined;
    const frame = framedFields(within, inner);
    if (frame === undefined) return undefined;
    return { ...frame, stamp: frame.stamp ?? stampIn(fields) };
  }
  return undefined;
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
  let best: Stamp | undefined;
  for (const name of timeNames) {
    const stamp = stampFrom(fields[name]);
    // A time with a zone is sure.
    if (stamp !== undefined && !Number.isNaN(stamp.at)) return stamp;
    best ??= stamp;
  }
  return best;
}

function stampFrom(value: unknown): Stamp | undefined {
  if (typeof value === 'number') return numberStamp(value);
  if (typeof value !== 'string') return undefined;
  return /^\d{9,19}(?:\.\d{1,9})?$/.test(value) ? numberStamp(Number(value)) : readStamp(value, 0);
}

/**
 * journalctl prints bytes that are not UTF-8 as a list of numbers. Of an object, the first of
 * `inside` is taken.
 */
function textOf(value: unknown, inside: readonly string[] = []): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (!Array.isArray(value)) {
    if (typeof value !== 'object' || value === null) return undefined;
    return textOf(first({ ...value }, inside));
  }
  if (value.every((byte) => typeof byte === 'number')) return peerText(Buffer.from(value));
  const [one]: readonly unknown[] = value;
  return typeof one === 'string' ? one : undefined;
}
