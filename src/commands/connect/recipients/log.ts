/**
 * Reads from old mail logs which recipients got mail and which did not: what a list of recipients
 * would have refused can be compared with it.
 */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { LogEvent } from '../../../core/event.ts';
import { openLogLines } from '../../../core/logs/log-lines.ts';
import { domainOf } from '../../../formats/message/address.ts';
import { lineEnd, openLineCutter } from '../../../lib/line-cutter.ts';
import { dayMs, type Millis } from '../../../lib/time.ts';
import { postfixLogFile } from '../../../partners/postfix/log-file.ts';
import { logBytes } from '../../replay/log-bytes.ts';

/** What the log says of one recipient, as the client named it. */
export type SeenRecipient = {
  address: string;
  /** The last delivery. */
  sentAt: Millis | undefined;
  bouncedAt: Millis | undefined;
  /** Its last mail was returned because there is no such recipient. */
  isGone: boolean;
  /** What was said when mail was returned last. */
  why: string;
};
export type SeenRecipients = {
  readonly recipients: ReadonlyMap<string, SeenRecipient>;
  /** Files that were read. */
  readonly files: readonly string[];
  readonly notes: readonly string[];
};

export const lookBackDays = 30;
/** Recipients that are remembered; a log with more is not read to its end. */
const recipientsMax = 1_000_000;
const usual = ['/var/log/mail.log', '/var/log/maillog'] as const;
const whyMax = 200;

/** `wanted`: whether this server delivers mail of a domain. */
export async function seenRecipients(how: {
  readonly named: readonly string[];
  readonly configDirectory: string;
  readonly wanted: (domain: string) => boolean;
  readonly now: Millis;
}): Promise<SeenRecipients> {
  const { configDirectory, named, now } = how;
  const found = named.length > 0 ? named : await logFiles(configDirectory, now);
  const recipients = new Map<string, SeenRecipient>();
  const notes: string[] = [];
  const since = now - lookBackDays * dayMs;
  for (const file of found) {
    const writtenAt = Math.floor((await stat(file)).mtimeMs) as Millis;
    const lines = openLogLines({ defaultDomain: '', writtenAt });
    const cutter = openLineCutter(() => undefined);
    const take = (events: readonly LogEvent[]): void => {
      for (const event of events) if (event.at >= since) noteEvent(recipients, event, how.wanted);
    };
    for await (const chunk of logBytes(createReadStream(file), (why) =>
      notes.push(`${file}: ${why}`),
    )) {
      for (const line of cutter.take(chunk)) take(lines.take(line));
      if (recipients.size >= recipientsMax) break;
    }
    for (const line of cutter.take(lineEnd)) take(lines.take(line));
    take(lines.end());
  }
  if (recipients.size >= recipientsMax) {
    notes.push(`only the first ${recipientsMax.toLocaleString('en')} recipients of the log count`);
  }
  return { recipients, files: found, notes };
}

function noteEvent(
  recipients: Map<string, SeenRecipient>,
  event: LogEvent,
  wanted: (domain: string) => boolean,
): void {
  if (event.kind !== 'delivery' || event.outcome === 'deferred') return;
  // A filter of this machine takes every recipient; what counts is what follows.
  if (event.requeuedAs !== '') return;
  const { original: address, at } = event;
  if (!wanted(domainOf(address).toLowerCase())) return;
  const known = recipients.get(address);
  if (known === undefined && recipients.size >= recipientsMax) return;
  const seen = known ?? {
    address,
    sentAt: undefined,
    bouncedAt: undefined,
    isGone: false,
    why: '',
  };
  recipients.set(address, seen);
  seen.isGone = event.outcome === 'bounced' && event.status.startsWith('5.1.');
  if (event.outcome === 'sent') seen.sentAt = at;
  else {
    seen.bouncedAt = at;
    seen.why = event.reply.slice(0, whyMax);
  }
}

/** The log that Postfix or a syslog daemon writes, and its older parts of the last days. */
async function logFiles(configDirectory: string, now: Millis): Promise<readonly string[]> {
  const own = await postfixLogFile(configDirectory);
  for (const path of own === '' ? usual : [own]) {
    const folder = dirname(path);
    const names = await readdir(folder).catch(() => []);
    const aged: { readonly file: string; readonly at: number }[] = [];
    for (const name of names) {
      if (!isPart(basename(path), name)) continue;
      const about = await stat(join(folder, name)).catch(() => undefined);
      if (about?.isFile() !== true || now - about.mtimeMs > lookBackDays * dayMs) continue;
      aged.push({ file: join(folder, name), at: about.mtimeMs });
    }
    if (aged.length > 0) return aged.sort((one, two) => one.at - two.at).map(({ file }) => file);
  }
  return [];
}

/** `mail.log`, `mail.log.1`, `mail.log.2.gz`, `mail.log-20261101.xz`. */
function isPart(log: string, name: string): boolean {
  if (name === log) return true;
  if (!name.startsWith(log)) return false;
  return /^[.-]\d{1,14}(?:\.(?:gz|zst|xz|bz2))?$/.test(name.slice(log.length));
}
