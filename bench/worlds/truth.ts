/**
 * A made world: its events, and the truth about them. From a folder with `events.jsonl` (as
 * `postern replay` reads it) and `truth.json` (who is what), or made in memory.
 */
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Account } from '../../src/core/account-name.ts';
import type { ReplayEvent } from '../../src/core/event.ts';
import { parseEvent } from '../../src/flow/replay/replay-event.ts';

export type HijackTruth = {
  readonly style: string;
  readonly account: Account;
  readonly kind: string;
  /** RFC 3339. */
  readonly start: string;
  /** How the attacker hides, in the words of who made the world. */
  readonly trick?: string;
  /** Addresses of the attacker: mail to them harms nobody. */
  readonly harmless?: readonly string[];
};

/** What nobody tells the guard. */
export type Truth = {
  readonly days: number;
  /** RFC 3339. */
  readonly start: string;
  /** `from`: the day on which the account was made. */
  readonly accounts: readonly {
    readonly account: Account;
    readonly kind: string;
    readonly from: number;
  }[];
  readonly hijacks: readonly HijackTruth[];
};

/** An event; `attack`: the number of the hijack that made it, undefined for honest mail. */
export type WorldEvent = { readonly event: ReplayEvent; readonly attack: number | undefined };

export type World = {
  readonly truth: Truth;
  /** In the order of time. */
  readonly events: Iterable<WorldEvent> | AsyncIterable<WorldEvent>;
};

/** What only a gate sees that reads whole messages, and mail that comes in. */
const richFields = ['inReplyTo', 'helo', 'tls', 'auth', 'mailer', 'zone', 'links', 'attachments'];
const plainDrops = [...richFields, 'list', 'via', 'protocol'];
const webmailHost = '10.0.0.25';

/** `plain`: without the fields and events of a rich recording. */
export function worldOf(folder: string, plain: boolean): World {
  const truth = JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8')) as Truth & {
    /** Line number and number of the hijack. */
    readonly attackLines: readonly (readonly [number, number])[];
  };
  const file = join(folder, 'events.jsonl');
  return { truth, events: readEvents(file, new Map(truth.attackLines), plain) };
}

async function* readEvents(
  file: string,
  attackOf: ReadonlyMap<number, number>,
  plain: boolean,
): AsyncGenerator<WorldEvent> {
  const input = createReadStream(file, { highWaterMark: 1 << 20 });
  let line = 0;
  for await (const text of createInterface({ input })) {
    const attack = attackOf.get(line++);
    if (plain && text.startsWith('{"type":"receive"')) continue;
    const parsed = parseEvent(plain ? plainLine(text) : text, Date.parse);
    if (!parsed.ok) throw new Error(`${file}, line ${line}: ${parsed.error}`);
    yield { event: parsed.value, attack };
  }
}

/** The line without what only a rich recording has: a webmail's client is the webmail host. */
function plainLine(text: string): string {
  const event = JSON.parse(text) as Record<string, unknown>;
  if (event['ok'] !== false && (event['via'] ?? event['protocol']) === 'webmail') {
    event['client'] = webmailHost;
  }
  for (const name of plainDrops) delete event[name];
  return JSON.stringify(event);
}
