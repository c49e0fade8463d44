/**
 * Reads a mail log and joins its messages: what bench/logs.ts measures.
 *
 *   node bench/read-log.ts FILE
 */
import { createReadStream } from 'node:fs';
import { openJoin } from '../src/core/fate/join.ts';
import { openLogLines } from '../src/core/logs/log-lines.ts';
import { openLineCutter } from '../src/lib/line-cutter.ts';
import type { Millis } from '../src/lib/time.ts';

const [, , file = ''] = process.argv;
let attempts = 0;
const join = openJoin({
  message: () => undefined,
  attempt: () => attempts++,
  merged: () => undefined,
});
const lines = openLogLines({ defaultDomain: '', writtenAt: Date.now() as Millis });
const cutter = openLineCutter(() => undefined);
for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) {
  for (const line of cutter.take(chunk as Buffer)) {
    for (const fact of lines.take(line)) join.seen(fact);
  }
}
join.end();
console.log(`${lines.counts().lines} lines, ${attempts} attempts to deliver`);
