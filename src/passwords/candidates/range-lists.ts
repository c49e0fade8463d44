/**
 * Looks passwords up in leaks, by the SHA-1 ranges that "Have I Been Pwned" publishes. These are a
 * folder of files named by five hex digits, one sorted file, or a service that is asked for a range
 * (k-anonymity: only five of forty hex digits leave this server).
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';

export type RangeLists = {
  /**
   * How many times leaks contain the password; 0: never. `sha1`: forty hex digits. Throws
   * OperatorError `list-unread` or `range-service` if the lookup fails.
   */
  times(sha1: string): Promise<number>;
};

const prefixDigits = 5;
const askMs = 5_000;
/** A range has about 1,000 lines of 40 bytes. */
const answerBytesMax = 1_048_576;

/** `file`: path of a folder or file; `service`: URL. Either may be empty. */
export function openRangeLists(file: string, service: string): RangeLists {
  return {
    async times(sha1) {
      const wanted = sha1.toUpperCase();
      if (file !== '') {
        const known = lookUp(file, wanted);
        if (known > 0 || service === '') return known;
      }
      return service === '' ? 0 : await askService(service, wanted);
    },
  };
}

function lookUp(path: string, wanted: string): number {
  try {
    return statSync(path).isDirectory() ? inFolder(path, wanted) : inFile(path, wanted);
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError('list-unread', `cannot read the ranges ${path}`, {
      cause,
      hint: 'check passwords.range_files in postern.toml',
      exit: sysexits.noInput,
    });
  }
}

function inFolder(folder: string, wanted: string): number {
  const prefix = wanted.slice(0, prefixDigits);
  const names = [prefix, `${prefix}.txt`, prefix.toLowerCase(), `${prefix.toLowerCase()}.txt`];
  const file = names.map((name) => join(folder, name)).find((one) => existsSync(one));
  return file === undefined ? 0 : timesIn(readFileSync(file, 'latin1'), wanted.slice(prefixDigits));
}

/** Searches lines `SUFFIX:TIMES`. */
function timesIn(text: string, suffix: string): number {
  const line = text.split('\n').find((one) => one.slice(0, suffix.length).toUpperCase() === suffix);
  return line === undefined ? 0 : Number(line.slice(suffix.length + 1).trim()) || 0;
}

/** The longest line of such a file. */
const fileLineBytes = 64;

/** Binary search in a sorted file with lines `SHA1:TIMES`. */
function inFile(path: string, wanted: string): number {
  const fd = openSync(path, 'r');
  const block = Buffer.alloc(2 * fileLineBytes);
  try {
    let low = 0;
    let high = fstatSync(fd).size;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const from = Math.max(0, middle - fileLineBytes);
      const text = block.toString('latin1', 0, readSync(fd, block, 0, block.length, from));
      const start = from === 0 && middle === 0 ? 0 : text.lastIndexOf('\n', middle - from - 1) + 1;
      const line = text.slice(start).split('\n')[0] ?? '';
      const hash = line.slice(0, wanted.length).toUpperCase();
      if (hash === wanted) return Number(line.slice(wanted.length + 1).trim()) || 0;
      if (hash < wanted) low = from + start + line.length + 1;
      else high = from + start;
    }
    return 0;
  } finally {
    closeSync(fd);
  }
}

async function askService(service: string, wanted: string): Promise<number> {
  const url = `${service.replace(/\/$/, '')}/range/${wanted.slice(0, prefixDigits)}`;
  try {
    // With padding, the length of the answer does not show the range.
    const headers = { 'Add-Padding': 'true', 'User-Agent': 'postern' };
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(askMs) });
    const text = (await answer.text()).slice(0, answerBytesMax);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return timesIn(text, wanted.slice(prefixDigits));
  } catch (cause) {
    throw new OperatorError('range-service', `${service} did not answer`, {
      cause,
      hint: 'check passwords.range_service; if it is empty, no service is asked',
      exit: sysexits.unavailable,
    });
  }
}
