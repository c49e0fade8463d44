/**
 * Day files: octets on the disk for each recipient, and how long `find` takes over several days.
 * Made of messages with one to five recipients and replies as large providers give them.
 *
 *   node bench/fates.ts [--recipients N] [--days N] [--single] [--keep FOLDER] [--json]
 *
 * `find` runs alone and waits for no disk (the files were just written), so its processor time is
 * what it takes on a machine without other work.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Account } from '../src/core/account-name.ts';
import { dayNameOf, dayPaths, dayStart } from '../src/ledger/fates/day-names.ts';
import { findInDays } from '../src/ledger/fates/find.ts';
import { type Fact, FateWriter } from '../src/ledger/fates/writer.ts';
import { dayMs, type Millis } from '../src/lib/time.ts';
import type { FateQuery } from '../src/ports/fate.ts';
import { dice, type Goal, goalLines, shown, table } from './figures.ts';

export type FatesOptions = {
  /** Of one day; the other days are copies. */
  readonly recipients: number;
  readonly days: number;
  /** Each message has one recipient. */
  readonly single: boolean;
  /** Leaves the files here. */
  readonly keep: string | undefined;
  readonly say: (text: string) => void;
};

export type FatesFigures = {
  readonly recipients: number;
  readonly messages: number;
  readonly attempts: number;
  readonly days: number;
  readonly bytesPerRecipient: number;
  readonly bytesPerRecipientWithoutClear: number;
  readonly recipientsPerSecond: number;
  readonly found: readonly {
    readonly what: string;
    readonly ms: number;
    readonly processorMs: number;
    readonly messages: number;
    readonly partial: string;
  }[];
  readonly goals: readonly Goal[];
};

const first = Date.parse('2026-11-01T00:00:00Z') as Millis;
const toss = dice(17);
const roll = (below: number): number => Math.floor(toss() * below);

const consonants = 'bcdfghjklmnpqrstvwxz';
const word = (length: number): string => {
  let made = '';
  for (let at = 0; at < length; at++) {
    made += at % 2 === 0 ? consonants[roll(consonants.length)] : 'aeiou'[roll(5)];
  }
  return made;
};
const hex = (length: number): string => {
  let made = '';
  while (made.length < length) made += roll(2 ** 30).toString(16);
  return made.slice(0, length);
};
const pick = <Item>(list: readonly Item[]): Item => list[roll(list.length)] as Item;

const providers = ['gmail.com', 'outlook.com', 'yahoo.com', 'gmx.de', 'web.de', 'icloud.com'];
const others = Array.from(
  { length: 5_000 },
  () => `${word(6 + roll(8))}.${pick(['com', 'de', 'org'])}`,
);
const users = Array.from({ length: 4_000 }, () => `${word(5)}.${word(7)}@example.org`);

function reply(domain: string, sent: boolean): readonly [string, string] {
  const id = `${hex(8)}-${hex(20)}`;
  if (!sent) {
    return pick([
      [
        '4.7.28',
        `421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your ` +
          'IP address. 421 4.7.28 visit https://support.google.com/mail/?p=UnsolicitedRate' +
          `LimitError ${id} - gsmtp`,
      ],
      ['4.7.1', '450 4.7.1 <x>: Recipient address rejected: Greylisted, try again later'],
      [
        '5.1.1',
        `550 5.1.1 The email account that you tried to reach does not exist. ${id} - gsmtp`,
      ],
      ['4.4.1', `connect to mx.${domain}[198.51.100.${roll(255)}]:25: Connection timed out`],
    ] as const);
  }
  return pick([
    ['2.0.0', `250 2.0.0 OK  ${1_700_000_000 + roll(9_999_999)} ${id} - gsmtp`],
    ['2.0.0', `250 2.0.0 Ok: queued as ${hex(11).toUpperCase()}`],
    [
      '2.6.0',
      `250 2.6.0 <${hex(16)}@pc.example.org> [InternalId=${hex(14)}, ` +
        `Hostname=${hex(8).toUpperCase()}.eurprd05.prod.outlook.com] ${roll(99_999)} bytes in ` +
        `0.${roll(999)}, ${roll(999)}.${roll(999)} KB/sec Queued mail for delivery`,
    ],
    ['2.0.0', `250 Requested mail action okay, completed: id=${hex(6)}-${hex(22)}`],
  ] as const);
}

/** A search reads all files that are not older than its answer. */
const everyDay = 3_650 * dayMs;

export async function benchFates(options: FatesOptions): Promise<FatesFigures> {
  const folder = options.keep ?? mkdtempSync(join(tmpdir(), 'postern-fates-'));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    return measure(folder, options);
  } finally {
    if (options.keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function measure(folder: string, options: FatesOptions): FatesFigures {
  const { days, recipients: recipientsWanted, say, single } = options;
  say(`fates: writing ${recipientsWanted} recipients`);
  const writer = new FateWriter(folder, { keepMs: everyDay, keepClearMs: everyDay });
  let sample: FateQuery = { limit: 20 };
  let made = 0;
  let messages = 0;
  let attempts = 0;
  const began = performance.now();
  let facts: Fact[] = [];
  while (made < recipientsWanted) {
    const at = (first + Math.floor((made / recipientsWanted) * (dayMs - 4 * 3_600_000))) as Millis;
    const queueId = `4${hex(10)}Z${messages.toString(36)}`.slice(0, 15);
    const sender = users[Math.floor(users.length * toss() ** 2)] ?? '';
    const account = sender as Account;
    const count = single || roll(10) < 7 ? 1 : 2 + roll(4);
    const recipients = Array.from({ length: count }, () => {
      const domain = roll(10) < 6 ? pick(providers) : pick(others);
      return `${word(4 + roll(4))}.${word(5 + roll(6))}${roll(100)}@${domain}`;
    });
    const messageId = `${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}@${pick(others)}`;
    const subject = `${pick(['Re: ', '', ''])}${word(7)} ${word(4)} ${word(9)} ${word(6)} ${made}`;
    const client = `198.51.${roll(100)}.${roll(255)}`;
    facts.push({
      kind: 'judged',
      message: {
        queueId,
        at,
        account,
        verdict: 'pass',
        isWatched: false,
        client,
        sender,
        headerFrom: sender,
        messageId,
        subject,
        fingerprint: `${made}`,
        script: '',
        recipients,
      },
    });
    facts.push({
      kind: 'logged',
      startMissing: false,
      message: {
        host: 'mail',
        queueId,
        otherIds: [],
        at,
        account,
        client,
        sender,
        messageId,
        sizeBytes: roll(200_000),
        recipientCount: count,
      },
    });
    for (const recipient of recipients) {
      const domain = recipient.slice(recipient.indexOf('@') + 1);
      for (let nth = 0, sent = false; !sent && nth < 3; nth++) {
        sent = roll(20) !== 0;
        const [status, said] = reply(domain, sent);
        const after = 1_000 + roll(9_000) + nth * 600_000;
        facts.push({
          kind: 'attempted',
          attempt: {
            at: (at + after) as Millis,
            host: 'mail',
            queueId,
            account,
            recipient,
            original: recipient,
            outcome: sent ? 'sent' : 'deferred',
            isLocal: false,
            mxHost: `mx${roll(4)}.${domain}`,
            mxAddress: `203.0.113.${domain.length * 7}`,
            from: '',
            status,
            reply: said,
            delaySeconds: after / 1_000,
          },
        });
        attempts++;
      }
    }
    made += count;
    messages++;
    if (messages === 1_000) sample = { recipient: recipients[0] ?? '', limit: 20 };
    if (facts.length >= 4_000) {
      writer.write(facts, first);
      facts = [];
    }
  }
  writer.write(facts, first);
  writer.close();
  const writeSeconds = (performance.now() - began) / 1_000;
  const day = dayNameOf(first);
  const from = dayPaths(folder, day);
  const sizes = [from.main, from.clear].map((path) => statSync(path).size);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  for (let nth = 1; nth < days; nth++) {
    const to = dayPaths(folder, dayNameOf((dayStart(day) + nth * dayMs) as Millis));
    for (const name of ['main', 'clear', 'key'] as const) {
      if (!existsSync(to[name])) copyFileSync(from[name], to[name]);
    }
  }
  const asked: Readonly<Record<string, FateQuery>> = {
    recipient: sample,
    'recipient, unknown': { recipient: 'nobody@nowhere.example', limit: 20 },
    sender: { sender: users[3_000] ?? '', limit: 20 },
    'queue id, unknown': { queueId: '4xyzxyzxyz', limit: 20 },
    'Message-ID, unknown': { messageId: 'a@b', limit: 20 },
    client: { client: '198.51.7.7', limit: 20 },
    subject: { subject: 're: ', limit: 20 },
    'subject, unknown': { subject: 'not a subject', limit: 20 },
  };
  const found = Object.entries(asked).map(([what, query]) => {
    say(`fates: find ${what}`);
    const start = performance.now();
    const spent = process.cpuUsage();
    const answer = findInDays(folder, query);
    const { system, user } = process.cpuUsage(spent);
    return {
      what,
      ms: Math.round(performance.now() - start),
      processorMs: Math.round((system + user) / 1_000),
      messages: answer.found.length,
      partial: answer.partial,
    };
  });
  const bytesPerRecipient = Math.round(bytes / made);
  return {
    recipients: made,
    messages,
    attempts,
    days,
    bytesPerRecipient,
    bytesPerRecipientWithoutClear: Math.round((sizes[0] ?? 0) / made),
    recipientsPerSecond: Math.round(made / writeSeconds),
    found,
    goals: [
      {
        what: 'octets on disk of a recipient',
        value: bytesPerRecipient,
        unit: 'octets',
        most: 400,
      },
      {
        what: `longest find over ${shown(made * days)} recipients`,
        value: Math.max(...found.map(({ processorMs }) => processorMs)),
        unit: 'ms',
        most: 1_000,
      },
    ],
  };
}

export function fatesTable(figures: FatesFigures): string {
  const { found, goals: _, ...rest } = figures;
  return [
    table(Object.entries(rest).map(([name, value]) => [name, shown(value)])),
    table([
      ['find', 'ms', 'processor ms', 'messages', ''],
      ...found.map((one) => [
        one.what,
        shown(one.ms),
        shown(one.processorMs),
        shown(one.messages),
        one.partial,
      ]),
    ]),
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      recipients: { type: 'string', default: '1000000' },
      days: { type: 'string', default: '10' },
      single: { type: 'boolean', default: false },
      keep: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const figures = await benchFates({
    recipients: Number(values.recipients),
    days: Number(values.days),
    single: values.single,
    keep: values.keep,
    say: (text) => process.stderr.write(`${text}\n`),
  });
  if (values.json) console.log(JSON.stringify(figures));
  else console.log(`${fatesTable(figures)}\n\n${goalLines(figures.goals)}`);
}
