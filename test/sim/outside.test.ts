/**
 * What somebody outside can do to an honest account, without its password: guess at it, let its
 * mail bounce or be refused, write to it. None of that suspends it. The seed is in each test's
 * name; SEED=n plays another one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hourMs, type Millis, minuteMs } from '../../src/lib/time.ts';
import { readHistory } from './attacker/attack.ts';
import { attackAt, type Resident, smallHoster } from './attacker/small-hoster.ts';
import { type Line, today } from './attacker/versions.ts';

const seed = Number(process.env['SEED'] ?? 1);
const named = (what: string): string => `${what} (SEED=${seed})`;
const hoster = smallHoster(seed);
const history = readHistory(today, hoster.history);

/** What comes from outside because of a line of the owner, or beside it. */
type Stream = (line: Line, nth: number, owner: Resident) => readonly Line[];

const recipientsOf = (line: Line): readonly string[] =>
  line['type'] === 'send' ? (line['recipients'] as readonly string[]) : [];

function answered(line: Line, outcome: string, reply: string): readonly Line[] {
  return recipientsOf(line).map((recipient, nth) => {
    const at = (line.at + 1_000 + nth) as Millis;
    return { type: 'delivery', at, id: line['id'], recipient, outcome, reply };
  });
}

/** Guesses from networks all over, and from that of the owner. */
const guesses: Stream = ({ at }, nth, { account, client }) =>
  Array.from({ length: 30 }, (_, one) => {
    const from = one % 5 === 0 ? client : `203.0.${(nth * 7 + one) % 250}.9`;
    const time = (at - 20 * minuteMs + one * 1_000) as Millis;
    return { type: 'login', at: time, account, client: from, ok: false, protocol: 'imap' };
  });

const streams: Readonly<Record<string, Stream>> = {
  guesses,
  'guesses, and then the owner logs in from there': (line, nth, owner) => {
    const client = `203.0.${nth % 250}.9`;
    const at = (line.at - minuteMs) as Millis;
    const { account } = owner;
    const login = { type: 'login', at, account, client, ok: true, protocol: 'imap' };
    return nth % 10 === 0 ? [...guesses(line, nth, owner), login] : [];
  },
  'all its mail bounces': (line) => answered(line, 'bounced', '550 5.1.1 user unknown'),
  'small sites call all its mail spam': (line) =>
    answered(line, 'bounced', '554 5.7.1 message rejected as spam'),
  'small sites put all its mail off': (line) =>
    answered(line, 'deferred', '451 4.7.1 too much mail from you'),
  'many write to it, also in the name of those it knows': ({ at }, nth, { account, contacts }) =>
    Array.from({ length: 40 }, (_, one) => ({
      type: 'receive',
      at: (at - hourMs / 2 + one * 1_000) as Millis,
      account,
      sender: one % 4 === 0 ? contacts[one % contacts.length] : `w${nth}.${one}@flood.example`,
      spf: one % 3 === 0 ? 'pass' : 'fail',
      dkim: '',
      messageId: `${nth}.${one}@flood.example`,
      spamScore: one % 2 === 0 ? 9 : 0,
    })),
};

/** How many of the owner's messages find the account suspended. */
function suspendedBy(owner: Resident, stream: Stream | undefined): number {
  const own = owner.lines.filter(({ at }) => at >= attackAt);
  const others = stream === undefined ? [] : own.flatMap((line, nth) => stream(line, nth, owner));
  const replay = today.open();
  for (const event of history) replay.apply(event);
  let suspended = 0;
  for (const line of [...own, ...others].sort((a, b) => a.at - b.at)) {
    const answer = replay.apply(today.read(line));
    if (answer?.account === 'suspended') suspended++;
  }
  return suspended;
}

/** Two of each kind, as far as there are two. */
const owners = [...Map.groupBy(hoster.residents, ({ kind }) => kind).values()].flatMap((all) =>
  all.slice(0, 2),
);
for (const [name, stream] of Object.entries(streams)) {
  test(named(`suspends nobody: ${name}`), () => {
    const found = owners.filter(
      (owner) => suspendedBy(owner, stream) > suspendedBy(owner, undefined),
    );
    assert.deepEqual(
      found.map(({ account }) => account),
      [],
    );
  });
}
