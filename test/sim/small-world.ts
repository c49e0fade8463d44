/**
 * A small hoster of 60 accounts and 60 days, with five hijacks, made in memory for the evaluation
 * of bench/worlds. Its residents are those of test/sim/attacker; here they have telephones, the
 * shops and notices are scripts on a host of the server, and some recipients are unknown.
 *
 * From a seed, always the same. All shares are argued, not measured.
 */
import type { Truth, World, WorldEvent } from '../../bench/worlds/truth.ts';
import type { Account } from '../../src/core/account-name.ts';
import { parseEvent } from '../../src/flow/replay/replay-event.ts';
import { dayMs, hourMs, type Millis } from '../../src/lib/time.ts';
import { type Kind, livedThrough, type Resident } from './attacker/small-hoster.ts';
import type { Line } from './attacker/versions.ts';
import { type Dice, openDice } from './dice.ts';

const start = 1_767_571_200_000; // a Monday
const days = 60;
const webHost = '10.0.0.80';

const residents: Readonly<Record<Kind, number>> = {
  private: 21,
  office: 21,
  freelancer: 5,
  quiet: 4,
  club: 3,
  notices: 2,
  shop: 2,
  newsletter: 2,
};
const onWebHost: ReadonlySet<Kind> = new Set(['shop', 'notices', 'newsletter']);

/** Of a person's mail, from the telephone. */
const telephoneShare = 0.25;
const unknownShare = { honest: 0.004, thief: 0.1 } as const;

/** What a thief does. */
type Style = {
  readonly on: Kind;
  readonly day: number;
  readonly messages: number;
  readonly everyMs: number;
  /** Of the recipients, the owner's own people. */
  readonly contacts: number;
  /** Of a scanner. */
  readonly points: { readonly least: number; readonly most: number };
  /** All messages have one text. */
  readonly isCopied: boolean;
  /** The thief's networks; 0: the owner's own script on the web host. */
  readonly networks: number;
};

const spam = { least: 4, most: 11 };
const clean = { least: -1, most: 2 };
const styles: Readonly<Record<string, Style>> = {
  cannon: {
    on: 'office',
    day: 28,
    messages: 600,
    everyMs: 6_000,
    contacts: 0,
    points: spam,
    isCopied: true,
    networks: 200,
  },
  drip: {
    on: 'private',
    day: 30,
    messages: 300,
    everyMs: hourMs / 3,
    contacts: 0,
    points: spam,
    isCopied: true,
    networks: 40,
  },
  form: {
    on: 'shop',
    day: 33,
    messages: 400,
    everyMs: hourMs / 20,
    contacts: 0,
    points: spam,
    isCopied: false,
    networks: 0,
  },
  lateral: {
    on: 'office',
    day: 37,
    messages: 40,
    everyMs: hourMs / 30,
    contacts: 1,
    points: clean,
    isCopied: true,
    networks: 1,
  },
  bec: {
    on: 'freelancer',
    day: 36,
    messages: 40,
    everyMs: 8 * hourMs,
    contacts: 0.5,
    points: clean,
    isCopied: false,
    networks: 1,
  },
};

export function smallWorld(seed: number): World {
  const dice = openDice(seed + 7);
  const all: { readonly line: Line; readonly attack: number | undefined }[] = [];
  const owners: Resident[] = [];
  let nth = 0;
  for (const [kind, count] of Object.entries(residents) as [Kind, number][]) {
    for (let one = 0; one < count; one++) {
      const owner = livedThrough(kind, nth++, seed, days);
      owners.push(owner);
      for (const line of seenLines(owner, nth, dice)) all.push({ line, attack: undefined });
    }
  }
  const taken = new Set<Resident>();
  const hijacks: Truth['hijacks'][number][] = [];
  for (const [attack, [style, how]] of Object.entries(styles).entries()) {
    const owner = dice.pick(owners.filter((one) => one.kind === how.on && !taken.has(one)));
    taken.add(owner);
    const from = start + how.day * dayMs + 9 * hourMs;
    for (const line of thiefLines(owner, how, from, dice)) all.push({ line, attack });
    const account = owner.account as Account;
    hijacks.push({ style, account, kind: owner.kind, start: new Date(from).toISOString() });
  }
  const accounts = owners.map(({ account, kind }) => ({
    account: account as Account,
    kind,
    from: 0,
  }));
  const events = all.sort((a, b) => a.line.at - b.line.at).map(read);
  return { truth: { days, start: new Date(start).toISOString(), accounts, hijacks }, events };
}

function read({
  line,
  attack,
}: {
  readonly line: Line;
  readonly attack: number | undefined;
}): WorldEvent {
  const text = JSON.stringify({ ...line, at: new Date(line.at).toISOString() });
  const event = parseEvent(text, Date.parse);
  if (!event.ok) throw new Error(`${event.error}: ${text}`);
  return { event: event.value, attack };
}

/** What the gate sees of the owner's mail, with replies for unknown users. */
function* seenLines(owner: Resident, nth: number, dice: Dice): Generator<Line> {
  const { kind, lines } = owner;
  const telephone = {
    client: `198.51.${nth}.9`,
    helo: 'smtpclient.apple',
    auth: 'PLAIN',
    mailer: 'iPhone Mail (23A341)',
  };
  const script = { client: webHost, script: scriptOf(owner) };
  const isPerson = kind === 'private' || kind === 'office' || kind === 'freelancer';
  for (const line of lines) {
    if (line['type'] !== 'send') {
      yield line;
      continue;
    }
    let sent = line;
    if (onWebHost.has(kind) && line['fingerprint'] !== line['id']) sent = { ...line, ...script };
    else if (isPerson && dice.roll() < telephoneShare) sent = { ...line, ...telephone };
    yield sent;
    yield* unknownUsers(sent, unknownShare.honest, dice);
  }
}

function* unknownUsers(sent: Line, share: number, dice: Dice): Generator<Line> {
  for (const recipient of sent['recipients'] as readonly string[]) {
    if (dice.roll() >= share) continue;
    const at = (sent.at + 5_000) as Millis;
    const reply = '550 5.1.1 User unknown';
    yield { type: 'delivery', at, id: sent['id'], recipient, outcome: 'bounced', reply };
  }
}

function* thiefLines(owner: Resident, how: Style, from: number, dice: Dice): Generator<Line> {
  const { account, contacts, kind } = owner;
  const program = {
    helo: 'WIN-8F2K1',
    tls: 'TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256',
    auth: 'LOGIN',
    mailer: 'Microsoft Outlook 15.0',
    zone: '+0300',
  };
  let at = from;
  for (let one = 0; one < how.messages; one++) {
    at += Math.floor(how.everyMs * (0.5 + dice.roll()));
    const { least, most } = how.points;
    const to = dice.roll() < how.contacts ? dice.pick(contacts) : `victim${one}@${kind}.example`;
    const where =
      how.networks === 0
        ? { client: webHost, script: scriptOf(owner) }
        : { client: `203.0.${dice.below(how.networks)}.7`, ...program };
    const sent: Line = {
      type: 'send',
      id: `${account} thief ${one}`,
      at: at as Millis,
      account,
      recipients: [to],
      sender: account,
      fingerprint: how.isCopied ? `${account} thief` : `${account} thief ${one}`,
      spamScore: Math.round(10 * (least + (most - least) * dice.roll())) / 10,
      list: false,
      inReplyTo: '',
      ...where,
    };
    yield sent;
    yield* unknownUsers(sent, unknownShare.thief, dice);
  }
}

function scriptOf({ account }: Resident): string {
  return `/var/www/${account}/mail.php`;
}
