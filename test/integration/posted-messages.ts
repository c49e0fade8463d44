/**
 * Messages as clients post them, well and badly: made from a number, the same in every run. What is
 * odd about one is in its name, so that a failure says what it was.
 */
import { dice } from '../../bench/figures.ts';

export type PostedMessage = {
  /** Also its X-Test-Id. */
  readonly name: string;
  readonly domain: string;
  /** Headers, blank line, body, an octet a character; lines end as the message has them. */
  readonly text: string;
  readonly utf8: boolean;
  /** Sent with BDAT, which alone can leave out the last line end. */
  readonly chunked: boolean;
};

type Dice = { below(n: number): number; pick<T>(list: readonly T[]): T };

/** Line lengths around which smtp(8) and smtpd(8) do something: 998 and 2,048. */
const lengths = [
  ...[76, 996, 997, 998, 999, 1_000, 1_001, 1_995, 1_996, 1_997, 1_998, 2_046, 2_047, 2_048],
  ...[2_049, 2_050, 2_994, 3_000, 4_095, 4_096, 4_097, 5_000, 12_345],
];

export function postedMessage(number: number, domains: readonly string[]): PostedMessage {
  const roll = dice(number * 2_654_435_761 + 99 || 1);
  for (let warm = 0; warm < 8; warm++) roll();
  const below = (n: number): number => Math.floor(roll() * n);
  const pick = <T>(list: readonly T[]): T => {
    const found = list[below(list.length)];
    if (found === undefined) throw new Error('an empty list');
    return found;
  };
  const d: Dice = { below, pick };
  const kind = bodyNames[number % bodyNames.length] ?? 'plain';
  const extras = [pick(headerNames), pick(headerNames)];
  const name = `${number}-${kind}-${extras.join('-')}`;
  const domain = domains[number % domains.length] ?? '';
  const from = pick([
    `From: Joe <joe@${domain}>`,
    `from:joe@${domain}`,
    `FROM:\t"Joe,  the\n\t boss"\n <joe@${domain}>  `,
    `From: J\u00f6e <joe@${domain}>`,
  ]);
  const headers = [
    from,
    `To: ann@world.test${pick(['', ', bob@world.test', ',\n\tbob@world.test', ' '])}`,
    `Date: Mon, 23 Nov 2026 10:12:${10 + (number % 50)} +0100`,
    `Message-ID: <${number}@${domain}>`,
    `X-Test-Id: ${name}`,
    ...extras.flatMap((extra) => headerKinds[extra](d)),
  ];
  const { head = [], body }: Body = bodyKinds[kind](d);
  return {
    name,
    domain,
    text: `${[...headers, ...head].join('\n').replace(/\n/g, '\r\n')}\r\n\r\n${body}`,
    utf8: extras.includes('utf8'),
    chunked: kind === 'unended',
  };
}

const characters = 'abcdefghijklmnopqrstuvwxyz0123456789';
const word = (d: Dice): string =>
  Array.from({ length: 1 + d.below(9) }, () => characters[d.below(characters.length)]).join('');
const words = (d: Dice, count: number, gap = ' '): string =>
  Array.from({ length: count }, () => word(d)).join(gap);
const lines = (d: Dice, count: number): string =>
  Array.from({ length: count }, () => `${words(d, d.below(12))}\r\n`).join('');

/**
 * A line of exactly so many octets; here and there other octets, most of all where smtp(8) will
 * break it.
 */
function longLine(d: Dice, length: number): string {
  const fill = d.pick(['x', 'xyz ', 'a b', '\u00e4\u00fc', '\t', 'word  word ', '=']);
  let line = fill.repeat(Math.ceil(length / fill.length)).slice(0, length);
  for (const at of [996, 997, 998, 999, 1_994, 1_995, 1_996, 2_047, 2_048]) {
    if (at >= length || d.below(3) > 0) continue;
    line = `${line.slice(0, at)}${d.pick([' ', '\t', '.', '\u00ff', 'x'])}${line.slice(at + 1)}`;
  }
  return line;
}

const headerKinds = {
  plain: (d: Dice) => [`Subject: ${words(d, 4)}`],
  folded: (d: Dice) => [`Subject: ${words(d, 3)}\n ${words(d, 2)}\n\t\t${words(d, 2, '   ')}  `],
  eightBit: (d: Dice) => [`Subject: gr\u00fcn \u00e4\u00f6\u00fc ${words(d, 2)} \u00a0`],
  utf8: (d: Dice) => [`Subject: ${Buffer.from(`grün 日本 ${words(d, 2)}`).toString('latin1')}`],
  tabs: (d: Dice) => [`Subject:\t${words(d, 4, '\t')}\t \t`],
  bare: (d: Dice) => [`Subject:${words(d, 2)}`, 'Reply-To:', `Cc:   `],
  long: (d: Dice) => [`Subject: ${longLine(d, d.pick(lengths) - 9).trim()}`],
  longFolded: (d: Dice) => [
    `References: ${words(d, 30)}\n ${'r'.repeat(d.pick(lengths))}\n ${word(d)}`,
  ],
  double: (d: Dice) => [
    `Subject: ${word(d)}`,
    `Subject: ${word(d)}`,
    `Cc: ${word(d)}@c.test`,
    `Cc: b@c.test`,
  ],
  list: (d: Dice) => [
    `List-Id: <${word(d)}.lists.test>`,
    `List-Unsubscribe: <mailto:x@lists.test>,\n <https://lists.test/${word(d)}>`,
    'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
  ],
  named: (d: Dice) => [
    `SUBJECT: ${word(d)}`,
    `reply-to: ${word(d)}@r.test`,
    `X-${word(d)}: ${word(d)}`,
  ],
  received: (d: Dice) => [
    `Received: from ${word(d)} by ${word(d)};\n\tMon, 23 Nov 2026 10:12:44 +0100`,
    `DKIM-Signature: v=1; a=rsa-sha256; d=other.test; s=x; h=from; bh=AAAA; b=AAAA`,
  ],
} as const satisfies Readonly<Record<string, (d: Dice) => readonly string[]>>;
const headerNames = Object.keys(headerKinds) as (keyof typeof headerKinds)[];

type Body = { readonly head?: readonly string[]; readonly body: string };
const mime = (type: string, encoding: string): readonly string[] => [
  'MIME-Version: 1.0',
  `Content-Type: ${type}`,
  `Content-Transfer-Encoding: ${encoding}`,
];

const bodyKinds = {
  plain: (d: Dice) => ({ body: lines(d, 1 + d.below(40)) }),
  empty: () => ({ body: '' }),
  blank: (d: Dice) => ({ body: d.pick(['\r\n', '\r\n\r\n\r\n', ' \r\n\t\r\n', ' ']) }),
  blankEnd: (d: Dice) => ({ body: `${lines(d, 3)}${'\r\n'.repeat(1 + d.below(9))}` }),
  whiteEnd: (d: Dice) => ({ body: `${lines(d, 2)}${words(d, 2)} \t \r\n  \r\n\t\r\n\r\n` }),
  inner: (d: Dice) => ({ body: `\r\n\r\n${words(d, 3, '  \t ')}\r\n\r\n \r\n${words(d, 2)}\r\n` }),
  eightBit: (d: Dice) => ({
    head: mime('text/plain; charset=iso-8859-1', '8bit'),
    body: `gr\u00fcn \u00a0 ${words(d, 5)}\r\n\u00e4\r\n`,
  }),
  long: (d: Dice) => ({
    body: `${lines(d, 2)}${longLine(d, d.pick(lengths))}\r\n${longLine(d, d.pick(lengths))}\r\n`,
  }),
  longEnd: (d: Dice) => ({ body: `${longLine(d, d.pick(lengths))}${' '.repeat(d.below(3))}\r\n` }),
  veryLong: (d: Dice) => ({ body: `${longLine(d, 20_000 + d.below(100_000))}\r\n` }),
  bareLf: (d: Dice) => ({ body: `${words(d, 3)}\n${words(d, 2)}\n\n${word(d)}\r\n` }),
  bareCr: (d: Dice) => ({ body: `${words(d, 3)}\r${words(d, 2)}\r\n${word(d)}\r\n` }),
  dots: (d: Dice) => ({ body: `.\r\n..\r\n.${word(d)}\r\n...\r\n${word(d)}.\r\n` }),
  from: (d: Dice) => ({ body: `From ${word(d)} at noon\r\n>From ${word(d)}\r\n` }),
  multipart: (d: Dice) => ({
    head: mime('multipart/mixed;\n boundary="=_b"', '8bit'),
    body:
      `pre\r\n--=_b\r\nContent-Type: text/plain;\r\n charset=utf-8\r\n\r\n${lines(d, 4)}\r\n` +
      `--=_b\r\nContent-Type: message/rfc822\r\n\r\nSubject: ${longLine(d, 1_200)}\r\n\r\n` +
      `${lines(d, 2)}` +
      `--=_b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n` +
      `${Buffer.from(words(d, 30)).toString('base64')}\r\n--=_b--\r\n`,
  }),
  unended: (d: Dice) => ({ body: `${lines(d, 2)}${words(d, 3)}${d.pick(['', ' ', '\t \t'])}` }),
} as const satisfies Readonly<Record<string, (d: Dice) => Body>>;
const bodyNames = Object.keys(bodyKinds) as (keyof typeof bodyKinds)[];
