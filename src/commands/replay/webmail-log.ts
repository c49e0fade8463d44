/** Reads the logs of a webmail for `postern replay --format postfix --webmail-log FILE`. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { webmailFact, webmailLine } from '../../core/logs/webmail-line.ts';
import type { LoginEvent } from '../../flow/webmail/webmail-logins.ts';
import { HostClock, ZoneDays } from '../../formats/logs/host-clock.ts';
import { lineEnd, openLineCutter } from '../../lib/line-cutter.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { type Millis, machineZone } from '../../lib/time.ts';
import { cannotRead } from './input.ts';
import { logBytes } from './log-bytes.ts';

/** Logins of all logs: some 200 MB. */
const loginsMax = 1_000_000;

const forms =
  'Expected: userlogins.log of Roundcube, the log of SOGo, SnappyMail or RainLoop, or these from ' +
  'syslog, plain or compressed';

export type WebmailLogs = {
  readonly logins: readonly LoginEvent[];
  readonly notes: readonly string[];
};

/** Throws OperatorError if there is no login in any of the logs. */
export async function readWebmailLogs(
  files: readonly string[],
  defaultDomain: string,
): Promise<WebmailLogs> {
  const logins: LoginEvent[] = [];
  const notes: string[] = [];
  for (const file of new Set(files)) {
    const before = logins.length;
    let lines = 0;
    /** Lines of no known form. */
    let formless = 0;
    try {
      const writtenAt = (await stat(file)).mtimeMs;
      const clock = new HostClock(new ZoneDays(machineZone));
      const cutter = openLineCutter(() => {
        lines++;
        formless++;
      });
      const take = (chunk: Buffer): void => {
        for (const line of cutter.take(chunk)) {
          if (line === '') continue;
          lines++;
          const cut = webmailLine(line);
          if (cut === undefined) formless++;
          const fact = cut === undefined ? undefined : webmailFact(cut.text, defaultDomain);
          if (cut === undefined || fact?.kind !== 'login' || logins.length >= loginsMax) continue;
          clock.last = clock.place(cut.stamp, writtenAt);
          logins.push({ ...fact, at: clock.last as Millis });
        }
      };
      const damaged = (why: string): void => void notes.push(`${file}: ${why}`);
      for await (const chunk of logBytes(createReadStream(file), damaged)) take(chunk);
      take(lineEnd);
    } catch (cause) {
      if (cause instanceof OperatorError) throw cause;
      throw cannotRead(file, cause);
    }
    const found = logins.length - before;
    const strange = formless === 0 ? '' : `, ${formless} have no known form`;
    const expected = found === 0 ? `. ${forms}` : '';
    notes.push(
      `${file}: ${lines} lines read, ${found} logins of a webmail found${strange}${expected}`,
    );
  }
  if (files.length > 0 && logins.length === 0) {
    throw new OperatorError('replay-nothing', 'nothing was judged: no login of a webmail found', {
      exit: sysexits.dataErr,
      hint: notes.join('\n'),
    });
  }
  if (logins.length >= loginsMax) notes.push(`only ${loginsMax} logins of webmails were read`);
  return { logins, notes };
}
