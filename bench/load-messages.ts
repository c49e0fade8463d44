/**
 * The mail of a small provider, as the benchmarks send it: accounts with a past, the people they
 * know, messages of 4 KB. Everything follows from a number, so that every server gets the very same
 * mail.
 */
import { type AccountProfile, encodeProfile, newProfile } from '../src/core/account/profile.ts';
import { windowsMs } from '../src/core/account/signals.ts';
import type { Account } from '../src/core/account-name.ts';
import { type CountName, countNames } from '../src/core/reason.ts';
import { hash53 } from '../src/lib/hash.ts';
import { dayMs, type Millis, minuteMs } from '../src/lib/time.ts';
import type { ClientMessage } from '../src/partners/milter/message.ts';
import type { Change } from '../src/ports/ledger.ts';
import { dice } from './figures.ts';

/** Of a message, headers and all. */
const letterBytes = 4_096;
const bodiesMade = 997;
/** Hash seed of the ledgers that benchmarks make. */
export const ledgerSeed = 7;

const domains = 70;
/** What From domains messages have. */
export const senderDomains: readonly string[] = Array.from(
  { length: domains },
  (_, number) => `customer${number}.example`,
);

export function accountName(number: number): Account {
  return `user${number}@${senderDomains[number % domains]}` as Account;
}

/** The person behind it sits in a network of his own. */
export function clientOf(number: number): { name: string; address: string; port: number } {
  const address = `100.${64 + ((number >> 16) & 63)}.${(number >> 8) & 255}.${number & 255}`;
  return { name: `host${number}.access.example`, address, port: 40_000 };
}

/** A recipient to which an account has long written; every tenth is on the same server. */
export function friend(account: number, number: number): string {
  return number % 10 === 9
    ? `colleague${number}@customer${account % 70}.example`
    : `friend${number}.of${account}@partner${(account * 31 + number) % 400}.example`;
}

/** Session `number` of the benchmark: who sends, and `messages` messages one after the other. */
export function session(
  number: number,
  { accounts, friends, testMessages }: { accounts: number; friends: number; testMessages: number },
): { readonly account: number; readonly testMessages: ClientMessage[] } {
  const roll = dice(number * 2_654_435_761 + 1 || 1);
  for (let warm = 0; warm < 4; warm++) roll();
  const account = Math.floor(roll() * accounts);
  const made = Array.from({ length: testMessages }, (_, index) =>
    testMessage(account, number * testMessages + index, friends, roll),
  );
  return { account, testMessages: made };
}

function testMessage(
  account: number,
  number: number,
  friends: number,
  roll: () => number,
): ClientMessage {
  const login = accountName(account);
  const many = roll();
  const size = many < 0.8 ? 1 : many < 0.97 ? 2 + Math.floor(roll() * 3) : 10;
  const recipients = Array.from({ length: size }, (_, index) => {
    // One in twelve is somebody new.
    if (roll() < 1 / 12) return `new${number}.${index}@stranger${number % 5_000}.example`;
    const known = Math.floor(roll() * friends);
    const address = friend(account, known);
    return known % 10 === 9 ? { address, transport: 'lmtp' } : address;
  });
  const to = recipients.map((one) => (typeof one === 'string' ? one : one.address)).join(', ');
  const body = bodies[number % bodiesMade] ?? Buffer.alloc(0);
  return {
    sender: login,
    recipients,
    login,
    queueId: queueId(number),
    headers: [
      [
        'Received',
        `from [192.168.1.${account % 250}] (host${account}.access.example [100.64.0.1])`,
      ],
      ['Message-ID', `<${number.toString(36)}.${account}@customer${account % 70}.example>`],
      ['Date', 'Mon, 23 Nov 2026 10:12:44 +0100'],
      ['MIME-Version', '1.0'],
      ['User-Agent', 'Mozilla Thunderbird'],
      ['Subject', `Offer ${number % 10_000} and the meeting on Thursday`],
      ['Content-Language', 'en-US'],
      ['To', to],
      ['From', `User Number ${account} <${login}>`],
      ['Content-Type', 'text/plain; charset=UTF-8; format=flowed'],
      ['Content-Transfer-Encoding', '7bit'],
    ],
    body,
  };
}

/** As Postfix makes them with enable_long_queue_ids. */
function queueId(number: number): string {
  return `4B${number.toString(36).toUpperCase().padStart(9, '0')}z`;
}

const words = (
  'the of and to in is that for it as was with be by on not he his but at are this have ' +
  'from or had an they which one ' +
  'you were her all she there would their we him been has when who will more no if out so ' +
  'said what up its about into ' +
  'than them can only other new some could time these two may then do first any my now such ' +
  'like our over man me even ' +
  'most made after also did many before must through back years where much your way well ' +
  'down should because each just ' +
  'those people how too little state good very make world still own see men work long get ' +
  'here between both life being ' +
  'under never day same another know while last might us great old year off come since ' +
  'against go came right used take ' +
  'three offer meeting invoice delivery project customer message question answer document ' +
  'morning office report draft'
).split(' ');

const bodies: readonly Buffer[] = Array.from({ length: bodiesMade }, (_, number) => body(number));

function body(number: number): Buffer {
  const roll = dice(number + 77);
  const lines: string[] = ['Dear colleague,', ''];
  let bytes = 0;
  let line = '';
  const headersAndEnd = 700;
  while (bytes < letterBytes - headersAndEnd) {
    const word = words[Math.floor(roll() * words.length)] ?? 'and';
    if (line.length + word.length > 70) {
      lines.push(line);
      bytes += line.length + 2;
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  const site = `https://www.customer${number % 70}.example/contact`;
  lines.push('', 'Kind regards,', `User Number ${number}`, '-- ', `Phone 555-${number}`, site, '');
  return Buffer.from(lines.join('\r\n'));
}

/** What a ledger knows of an account that has sent busily for three months. */
export function seededAccount(
  number: number,
  friends: number,
  now: Millis,
): Extract<Change, { kind: 'account' }> {
  const minute = Math.floor((now - 30 * dayMs) / minuteMs);
  const learned: number[] = [];
  for (let index = 0; index < friends; index++) {
    learned.push(hash53(friend(number, index), ledgerSeed), minute);
  }
  return {
    kind: 'account',
    account: accountName(number),
    state: 'clear',
    profile: encodeProfile(busyPast(number, now)),
    learned,
    forgotten: [],
  };
}

/** Peaks a window: enough that a benchmark's pace is nothing unheard of. */
const peaks: Readonly<Record<CountName, readonly [number, number, number]>> = {
  strangers: [120, 300, 900],
  'new-recipients': [120, 300, 900],
  recipients: [2_000, 6_000, 15_000],
  messages: [1_500, 5_000, 12_000],
  'failed-recipients': [1, 2, 3],
  'same-body': [200, 500, 900],
  elsewhere: [0, 0, 0],
  'spam-like': [0, 0, 0],
  'new-local': [0, 0, 0],
  'provider-replies': [0, 0, 0],
  'odd-client': [0, 0, 0],
  reached: [2_000, 6_000, 15_000],
};

function busyPast(number: number, now: Millis): AccountProfile {
  const profile = newProfile((now - 90 * dayMs) as Millis);
  const roll = dice(number + 13);
  const slots = countNames.flatMap((count) => peaks[count]);
  profile.at = (now - dayMs / 2) as Millis;
  profile.peaks.splice(0, slots.length, ...slots);
  profile.hours.forEach((_, hour) => {
    profile.hours[hour] = 10 + Math.floor(roll() * 5);
  });
  slots.forEach((peak, slot) => {
    profile.sums[slot] = slot % windowsMs.length === 2 ? peak * 0.1 : 0;
  });
  profile.networks.push({
    network: clientOf(number).address.replace(/\.\d+$/, '.0/24'),
    first: Math.floor((now - 90 * dayMs) / minuteMs),
    last: Math.floor((now - dayMs) / minuteMs),
  });
  profile.fingerprints.push(...Array.from({ length: 16 }, () => roll().toString(36).slice(2)));
  const today = Math.floor(now / dayMs);
  for (const day of [today - 2, today - 1]) {
    profile.days.push({
      day,
      peaks: slots.map((peak) => Math.floor(peak * roll() * 1_000) / 1_000),
      hours: profile.hours.map(() => Math.floor(roll() * 8)),
      networks: 1,
      messages: 80,
      recipients: 120,
      held: false,
      tainted: false,
    });
  }
  return profile;
}
