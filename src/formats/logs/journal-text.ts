/**
 * Puts together the records that journalctl prints over several lines: `--output=export`, `verbose`
 * and `json-pretty`. Never throws.
 */
import type { Frame } from './frame.ts';
import { framedFields, framedJson, type ReadInner } from './json-line.ts';
import { readStamp } from './stamp.ts';

/** What became of a line: part of a record, the record it completes, or no record at all. */
export type Gathered = 'part' | 'no-record' | { readonly record: Frame | undefined };

const fieldsMax = 200;
const charsMax = 64 * 1024;
/** Lines of one value: as many as the kernel takes in one message. */
const valueLinesMax = 300_000;
const lengthBytes = 8;
/** `__CURSOR=s=ID;…`: journald made the id at random, and no writer of a message knows it. */
const cursorId = /^__CURSOR=(s=[0-9a-f]{32};)/;
const field = /^(?: {4})?([A-Z0-9_]{1,80})=/;
const insideJson = /^(?:\s|\}|$)/;
const bareName = /^[A-Z0-9_]{1,80}$/;
const verboseHead = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) .{20,60} \[s=[0-9a-f]{1,32};/;

/** Character codes of M, T, W, F and S. */
const dayInitials: ReadonlySet<number> = new Set([0x4d, 0x54, 0x57, 0x46, 0x53]);

type Form = 'export' | 'verbose' | 'json';

export class JournalText {
  readonly #inner: ReadInner;
  #form: Form | undefined;
  #fields: Record<string, unknown> = {};
  #text = '';
  #count = 0;
  /** In the export form, a value with control characters stands in the line behind its name. */
  #binaryName = '';
  /** Start of the cursor of this record. */
  #cursor = '';
  /** Lines of a value that has several: they may look like fields, or like another record. */
  #skipped = 0;

  constructor(inner: ReadInner) {
    this.#inner = inner;
  }

  /** Takes a line. Lines that begin no record and are in none cost one comparison. */
  take(line: string): Gathered {
    if (this.#form === undefined) return this.#begin(line);
    if (this.#skipped > 0) return this.#skip(line);
    this.#count++;
    if (this.#count > fieldsMax || this.#text.length > charsMax) this.#clear();
    if (this.#form === 'json') return this.#json(line);
    if (this.#form === 'export') return this.#export(line);
    return this.#form === 'verbose' ? this.#verbose(line) : 'part';
  }

  /** The record that the end of the log completes. */
  end(): Frame | undefined {
    const open = this.#form === 'export' || this.#form === 'verbose';
    const record = open ? framedFields(this.#fields, this.#inner) : undefined;
    this.#clear();
    return record;
  }

  #begin(line: string): Gathered {
    const first = line.charCodeAt(0);
    if (first === 0x5f && line.startsWith('__CURSOR=')) this.#start(line);
    else if (first === 0x7b && line.trimEnd() === '{') this.#form = 'json';
    else if (dayInitials.has(first) && line.includes(' [s=') && verboseHead.test(line)) {
      this.#form = 'verbose';
    }
    if (this.#form === undefined) return 'no-record';
    if (this.#form === 'json') this.#text = '{';
    if (this.#form === 'verbose') this.#stamped(line);
    return 'part';
  }

  /** The head of a verbose record is the only place of its time. */
  #stamped(line: string): void {
    const stamp = readStamp(line, 0);
    if (stamp !== undefined && !Number.isNaN(stamp.at)) {
      this.#fields['__REALTIME_TIMESTAMP'] = String(stamp.at * 1_000);
    } else if (stamp !== undefined) {
      this.#fields['time'] = line.slice(line.indexOf(' ') + 1, stamp.end);
    }
  }

  #export(line: string): Gathered {
    if (this.#binaryName !== '') {
      // Eight bytes of length stand before the value.
      if (!isWhole(line)) return this.#skip(line);
      this.#fields[this.#binaryName] = line.slice(lengthBytes);
      this.#binaryName = '';
      return 'part';
    }
    if (line === '' || line === '\r') return this.#complete();
    if (line.startsWith('__CURSOR=')) {
      const done = this.#complete();
      this.#start(line);
      return done;
    }
    if (bareName.test(line)) this.#binaryName = line;
    else this.#field(line);
    return 'part';
  }

  #start(line: string): void {
    this.#form = 'export';
    this.#cursor = cursorId.exec(line)?.[1] ?? '';
  }

  /** Leaves out the record, up to the next one of the same journal. */
  #skip(line: string): Gathered {
    this.#skipped++;
    const isNext = this.#cursor !== '' && line.startsWith(`__CURSOR=${this.#cursor}`);
    if (!isNext && this.#skipped < valueLinesMax) return 'part';
    this.#clear();
    if (isNext) this.#start(line);
    return { record: undefined };
  }

  #verbose(line: string): Gathered {
    if (line.charCodeAt(0) === 0x20) {
      this.#field(line);
      return 'part';
    }
    // A line between two records says that the machine was started, or that a log was rotated.
    const done = this.#complete();
    this.#begin(line);
    return done;
  }

  #field(line: string): void {
    const found = field.exec(line);
    const name = found?.[1];
    if (found === null || name === undefined || Object.hasOwn(this.#fields, name)) return;
    this.#fields[name] = line.slice(found[0].length);
  }

  #json(line: string): Gathered {
    if (!insideJson.test(line)) {
      // The record was cut.
      this.#clear();
      return this.#begin(line);
    }
    this.#text += `${line}\n`;
    if (line.trimEnd() !== '}' && line.trimEnd() !== '},') return 'part';
    const text = this.#text.replace(/,\s*$/, '');
    this.#clear();
    return { record: framedJson(text, this.#inner) };
  }

  #complete(): Gathered {
    const record = framedFields(this.#fields, this.#inner);
    this.#clear();
    return { record };
  }

  #clear(): void {
    this.#form = undefined;
    this.#fields = {};
    this.#text = '';
    this.#count = 0;
    this.#binaryName = '';
    this.#skipped = 0;
  }
}

/** Whether the line has as many bytes as the length before the value says. */
function isWhole(line: string): boolean {
  let length = 0;
  for (let at = lengthBytes - 1; at >= 0; at--) length = length * 256 + line.charCodeAt(at);
  const value = line.slice(lengthBytes);
  return length === value.length || length === Buffer.byteLength(value);
}
