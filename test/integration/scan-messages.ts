/**
 * Messages for the scan: one spam in as many copies as one likes, and newsletters of which no two
 * say the same.
 */
import { openDice } from '../sim/dice.ts';

const names = [
  ...['Anna', 'Bob', 'Carla', 'Dieter', 'Émile', 'Fatima', 'Gérard', 'Hüseyin', 'Ingrid', 'Jürgen'],
  ...['Katarzyna', 'Łukasz', 'María José', 'Ngozi', 'Özlem', 'Per-Åke', 'Quentin', 'Renée', 'Siân'],
];
const tlds = ['com', 'net', 'org', 'top', 'xyz', 'shop', 'info', 'example'];

/** Names, links and numbers differ from copy to copy; the text in between does not. */
export function spamCopy(n: number): string {
  const { roll, pick } = openDice(n + 1);
  const number = (most: number): number => Math.floor(roll() * most) + 1;
  const name = pick(names);
  const host =
    `https://${pick(['pay', 'win', 'secure', 'my'])}${number(9_999)}.deal${number(99)}.` +
    `${pick(tlds)}`;
  return [
    `From: "${pick(names)} ${pick(names)}" <joe@here.example>`,
    `To: p${n}@elsewhere.example`,
    `Subject: ${name}, your prize no. ${number(90_000)}`,
    'Date: Wed, 25 Nov 2026 06:00:00 +0000',
    `Message-ID: <${number(1e9)}.${n}@here.example>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    `Dear ${name} ${pick(names)},`,
    '',
    `you have been chosen to receive the amount of ${number(900)},${number(999)}.00 USD ` +
      'as a prize of our lottery.',
    `Please click here ${host}/claim?u=${number(1e6)}&t=${number(1e6).toString(36)} ` +
      `within ${number(72)} hours and`,
    'enter your bank account, so that we can transfer the money to you without any delay or ' +
      'risk at all.',
    `Viagra and Cialis at the lowest price can be found at ${host}/meds/${number(999)} as ` +
      'long as stock lasts!',
    'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X',
    '',
    `With kind regards, ${pick(names)} ${pick(names)}, agent ${number(400)}`,
    `To unsubscribe: ${host}/u/${number(1e6)} or call +${number(99)} ${number(99_999)}`,
  ].join('\r\n');
}

const subjects = ['the garden', 'our choir', 'the library', 'the hiking club', 'the chess circle'];
const verbs = [
  'met',
  'planned',
  'visited',
  'repaired',
  'celebrated',
  'discussed',
  'painted',
  'moved',
];
const things = [
  ...['the old mill', 'a new bridge', 'the summer feast', 'the annual budget', 'a children’s play'],
  ...[
    'the water pump',
    'the long table',
    'an evening of songs',
    'the school roof',
    'a walk by night',
  ],
];
const places = ['in the hall', 'by the river', 'at the market', 'under the trees', 'in the chapel'];
const ends = [
  'with much joy',
  'in spite of rain',
  'until late',
  'for the first time',
  'as every year',
];

/**
 * Text, HTML with the same frame around it, or both in base64: the frames are alike, what is said
 * is not.
 */
export function newsletter(n: number): string {
  const { roll, pick } = openDice(n * 7 + 3);
  const club = pick(subjects);
  const sentences = Array.from(
    { length: 6 + Math.floor(roll() * 6) },
    () =>
      `On ${Math.floor(roll() * 28) + 1} May we ${pick(verbs)} ${pick(things)} ` +
      `${pick(places)} ${pick(ends)}.`,
  );
  const frame =
    'you receive this message because you are a member; write to us if you wish to leave.';
  const text = `Dear member,\r\n\r\n${sentences.join('\r\n')}\r\n\r\n${frame}\r\n`;
  const html =
    '<html><head><style>p { color: #333 }</style></head><body><img ' +
    'src="https://club.example/logo.png">' +
    sentences.map((one) => `<p>${one}</p>`).join('\r\n') +
    `<p><small>${frame}</small></p></body></html>\r\n`;
  const head = [
    'From: Club <news@here.example>',
    `To: member${n}@elsewhere.example`,
    `Subject: News of ${club}`,
    'Date: Wed, 25 Nov 2026 06:00:00 +0000',
    `Message-ID: <news.${n}@here.example>`,
    'MIME-Version: 1.0',
  ];
  const base64 = (part: string): string =>
    Buffer.from(part).toString('base64').replace(/.{76}/g, '$&\r\n');
  const part = (type: string, content: string): string =>
    `--=_x\r\nContent-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: ` +
    `base64\r\n\r\n${base64(content)}\r\n`;
  const bodies = [
    ['text/plain; charset=utf-8', text],
    ['text/html; charset=utf-8', html],
    [
      'multipart/alternative; boundary="=_x"',
      `${part('text/plain', text)}${part('text/html', html)}--=_x--\r\n`,
    ],
  ] as const;
  const [type, body] = bodies[n % bodies.length] ?? bodies[0];
  return [...head, `Content-Type: ${type}`, '', body].join('\r\n');
}
