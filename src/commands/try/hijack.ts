/**
 * Plays a hijack for `postern try hijack`: honest mail of made-up accounts, then spam from one of
 * them. This code acts as the mail server at the milter door, so nothing is delivered. All names
 * end in .invalid, which nobody can own (RFC 2606), and queue ids start with TRY, which no queue
 * uses.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { tryDomain, tryIdStart } from '../../core/made-up.ts';
import { secondMs } from '../../lib/time.ts';
import {
  type MilterAddress,
  type MilterOutcome,
  openMilterClient,
} from '../../partners/milter/client.ts';
import type { ClientMessage, ClientSession } from '../../partners/milter/message.ts';
import type { StoryView } from '../../ports/admin.ts';

export type Play = {
  readonly door: MilterAddress;
  /** The account that is hijacked. */
  readonly victim: string;
  readonly messages: number;
  readonly perSecond: number;
  /** Makes names differ from one play to the next: letters and digits. */
  readonly tag: string;
  /** What the guard remembers about a message; undefined for one that simply passed. */
  readonly story: (id: string) => Promise<StoryView | undefined>;
  /** Mode observe: the guard lets all mail pass and only notes what it would do. */
  readonly observed: boolean;
  readonly tell: (scene: Scene) => void;
};

/** What happens, as it happens. */
export type Scene =
  | { readonly kind: 'honest'; readonly accounts: readonly string[]; readonly messages: number }
  | { readonly kind: 'honest-done'; readonly passed: number; readonly messages: number }
  | { readonly kind: 'hijack' }
  | { readonly kind: 'message'; readonly number: number; readonly fate: Fate };

/** What happened to one message of the spammer. */
export type Fate = {
  readonly verdict: 'pass' | 'delay' | 'hold' | 'refuse';
  /** The SMTP reply, or the strongest reasons. */
  readonly why: string;
  /** This message caused the suspension. */
  readonly suspends: boolean;
};

export type HijackTally = {
  readonly honestPassed: number;
  readonly honestMessages: number;
  readonly played: number;
  readonly passed: number;
  readonly held: number;
  readonly refused: number;
  /** The number of the message that caused the suspension; undefined: none did. */
  readonly suspendedAt: number | undefined;
};

const neighbours = ['anna', 'ben', 'carla'] as const;
const honestEach = 4;
/** Messages played after the suspension, to show that they are stopped. */
const afterwards = 3;
/** Postfix itself would wait 300 s; here a person watches. */
const patienceMs = 30 * secondMs;

export async function playHijack(play: Play): Promise<HijackTally> {
  const honest = await playHonest(play);
  play.tell({ kind: 'hijack' });
  const tally = { passed: 0, held: 0, refused: 0 };
  let played = 0;
  let suspendedAt: number | undefined;
  while (played < play.messages) {
    if (suspendedAt !== undefined && played >= suspendedAt + afterwards) break;
    played++;
    const id = `${tryIdStart}${play.tag}${String(played).padStart(5, '0')}`;
    await using client = await openMilterClient(play.door, thief(played));
    const outcome = await client.send(spam(play, id, played));
    const fate = await fateOf(play, id, outcome);
    const suspends = fate.suspends && suspendedAt === undefined;
    if (suspends) suspendedAt = played;
    if (fate.verdict === 'pass' || play.observed) tally.passed++;
    else if (fate.verdict === 'hold') tally.held++;
    else tally.refused++;
    play.tell({ kind: 'message', number: played, fate: { ...fate, suspends } });
    await wait(secondMs / play.perSecond);
  }
  return { ...honest, ...tally, played, suspendedAt };
}

async function playHonest(
  play: Play,
): Promise<{ readonly honestPassed: number; readonly honestMessages: number }> {
  const accounts = [...neighbours.map((name) => `${name}@${tryDomain}`), play.victim];
  const messages = accounts.length * honestEach;
  play.tell({ kind: 'honest', accounts, messages });
  let passed = 0;
  for (const [seat, account] of accounts.entries()) {
    const client = {
      name: `computer-${seat}.${tryDomain}`,
      address: `192.0.2.${10 + seat}`,
      port: 40_000,
    };
    await using session = await openMilterClient(play.door, { client, patienceMs });
    for (let nth = 1; nth <= honestEach; nth++) {
      const id = `${tryIdStart}${play.tag}H${seat}${nth}`;
      const outcome = await session.send(honestMessage(account, id, nth));
      if (outcome.kind === 'taken' && outcome.held === undefined) passed++;
      await wait(Math.min(100, secondMs / play.perSecond));
    }
  }
  const counted = { honestPassed: passed, honestMessages: messages };
  play.tell({ kind: 'honest-done', passed, messages });
  return counted;
}

/**
 * The password is used from eight networks in turn, as botnets do: numbers alone would only hold.
 * The addresses are those for benchmarks (RFC 2544).
 */
function thief(nth: number): ClientSession {
  const address = `198.18.${nth % 8}.66`;
  return { client: { name: `somewhere.${tryDomain}`, address, port: 50_000 }, patienceMs };
}

async function fateOf(play: Play, id: string, outcome: MilterOutcome): Promise<Fate> {
  const plainPass = outcome.kind === 'taken' && outcome.held === undefined;
  const story = plainPass && !play.observed ? undefined : await play.story(id);
  const why = (story?.reasons ?? [])
    .slice(0, 2)
    .map((reason) => reason.text)
    .join('; ');
  if (outcome.kind === 'refused') {
    const verdict = outcome.reply.startsWith('4') ? 'delay' : 'refuse';
    return { verdict, why: outcome.reply, suspends: verdict === 'refuse' };
  }
  const verdict = plainPass ? (story?.verdict ?? 'pass') : 'hold';
  return { verdict, why: why || (outcome.held ?? ''), suspends: story?.state === 'suspended' };
}

/** A short message to one of the account's usual recipients. */
function honestMessage(account: string, id: string, nth: number): ClientMessage {
  const to = `friend-${(nth % 2) + 1}.of.${account.split('@')[0]}@mail.${tryDomain}`;
  return message(account, id, to, {
    subject: `Minutes of meeting ${nth}`,
    body: `Dear friend,\r\n\r\nplease find the minutes of our meeting ${nth} below.\r\n`,
  });
}

/** The same text to a new recipient each time. */
function spam(play: Play, id: string, number: number): ClientMessage {
  const provider = ['gmail', 'yahoo', 'aol', 'outlook'][number % 4] ?? 'gmail';
  const to = `stranger-${play.tag}-${number}@${provider}.${tryDomain}`;
  return message(play.victim, id, to, {
    subject: 'Your parcel is waiting',
    body:
      'Dear customer,\r\n' +
      '\r\n' +
      'your parcel could not be delivered. Pay 1.99 at http://parcel.invalid/\r\n',
  });
}

function message(
  account: string,
  id: string,
  to: string,
  text: { readonly subject: string; readonly body: string },
): ClientMessage {
  return {
    sender: account,
    recipients: [to],
    login: account,
    queueId: id,
    headers: [
      ['From', account],
      ['To', to],
      ['Subject', text.subject],
      ['Message-ID', `<${id}@${tryDomain}>`],
    ],
    body: Buffer.from(text.body),
  };
}
