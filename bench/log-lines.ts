/**
 * Speed of reading mail logs: lines a second on one core, beside pflogsumm on the same file
 * in the same run, if it is installed.
 *
 *   node bench/log-lines.ts [--messages N] [--runs N] [--json]
 */
import { spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openLogLines } from '../src/core/logs/log-lines.ts';
import { openLineCutter } from '../src/lib/line-cutter.ts';
import type { Millis } from '../src/lib/time.ts';
import { median, shown, table } from './figures.ts';

const firstSecond = Date.UTC(2026, 10, 10);
const writtenAt = (firstSecond + 86_400_000) as Millis;

/** One message: connection, login, queue, delivery by TLS, end. */
function message(nth: number): string {
  const at = `${new Date(firstSecond + 100 * nth).toISOString()} mail postfix`;
  const id = `4jYG8k${nth.toString(16).padStart(6, '0')}zJB27`;
  const pid = 1_000 + (nth % 300);
  const client = `unknown[192.0.2.${nth % 250}]`;
  const login = `joe${nth % 500}@example.org`;
  const mx = `mx.friends${nth % 900}.example[198.51.100.9]:25`;
  return [
    `/submission/smtpd[${pid}]: connect from ${client}`,
    `/submission/smtpd[${pid}]: ${id}: client=${client}, sasl_method=PLAIN, sasl_username=${login}`,
    `/cleanup[115]: ${id}: message-id=<${id}@client.example>`,
    `/qmgr[112]: ${id}: from=<${login}>, size=900, nrcpt=1 (queue active)`,
    `/submission/smtpd[${pid}]: disconnect from ${client} ehlo=2 auth=1 mail=1 quit=1 commands=5`,
    `/smtp[113]: Trusted TLS connection established to ${mx}: TLSv1.3 with cipher AES (256 bits)`,
    `/smtp[113]: ${id}: to=<f${nth}@friends${nth % 900}.example>, relay=${mx}, delay=0.9, ` +
      'delays=0.1/0/0.3/0.5, dsn=2.0.0, status=sent (250 2.0.0 OK)',
    `/qmgr[112]: ${id}: removed`,
  ]
    .map((line) => `${at}${line}\n`)
    .join('');
}

/** Seconds to read the whole file. */
async function readOnce(path: string): Promise<{ seconds: number; lines: number }> {
  const began = performance.now();
  const reader = openLogLines({ defaultDomain: 'example.org', writtenAt });
  const cutter = openLineCutter(() => undefined);
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
    for (const line of cutter.take(chunk as Buffer)) reader.take(line);
  }
  reader.end();
  return { seconds: (performance.now() - began) / 1_000, lines: reader.counts().lines };
}

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    runs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'postern-lines-'));
const path = join(folder, 'mail.log');
try {
  const count = Number(values.messages);
  writeFileSync(path, Array.from({ length: count }, (_, nth) => message(nth)).join(''));
  const ours: number[] = [];
  const theirs: number[] = [];
  let lines = 0;
  for (let run = 0; run < Number(values.runs); run++) {
    const read = await readOnce(path);
    ({ lines } = read);
    ours.push(lines / read.seconds);
    const began = performance.now();
    const other = spawnSync('pflogsumm', [path], { stdio: 'ignore' });
    if (other.status === 0) theirs.push(lines / ((performance.now() - began) / 1_000));
  }
  const [reader, pflogsumm] = [median(ours), theirs.length === 0 ? 0 : median(theirs)];
  if (values.json) console.log(JSON.stringify({ lines, reader, pflogsumm }));
  else {
    console.log(
      table([
        ['lines', 'reader, lines/s', 'pflogsumm, lines/s'],
        [shown(lines), shown(reader), pflogsumm === 0 ? 'not installed' : shown(pflogsumm)],
      ]),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
