/**
 * What reading traits costs a message, in one process without sockets: fields, Message-ID, links
 * and attachments, beside the fingerprint of the same body.
 *
 *   node bench/traits.ts [--rounds N] [--json]
 */
import { parseArgs } from 'node:util';
import type { Account } from '../src/core/account-name.ts';
import { MessageTraits, type TraitField } from '../src/doors/milter/message-traits.ts';
import { contentBytesMax } from '../src/formats/content/read-content.ts';
import { Fingerprint, fingerprintBytesMax } from '../src/formats/message/fingerprint.ts';
import { readableBody } from '../src/formats/message/readable-body.ts';
import { type Goal, goalLines, machineLoad, median, shown, table } from './figures.ts';

type Sample = { readonly name: string; readonly type: string; readonly body: Buffer };
type Row = { readonly name: string; readonly traitsUs: number; readonly fingerprintUs: number };

export type TraitFigures = {
  readonly rows: readonly Row[];
  readonly load: number;
  readonly goals: readonly Goal[];
};

const words = 'Dear friend, thank you for the news about the garden and the long summer. ';
const text = (bytes: number): string => words.repeat(Math.ceil(bytes / words.length));

function newsletter(bytes: number): string {
  const row = (nth: number): string =>
    `<tr><td style=3D"padding:0"><a href=3D"https://shop${nth % 3}.example/p/${nth}?u=3D7">=\r\n` +
    `${words}</a></td></tr>=\r\n`;
  let rows = '';
  for (let nth = 0; rows.length < bytes; nth++) rows += row(nth);
  return rows;
}

function part(type: string, encoding: string, body: string): string {
  const fields = `Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n`;
  return `--X\r\n${fields}\r\n${body}\r\n`;
}

/** As the door gets them: what Postfix sends first of each. */
function samples(): readonly Sample[] {
  const base64 = 'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAx\r\n';
  const html = part('text/html; charset=utf-8', 'quoted-printable', newsletter(30_000));
  const plain = part('text/plain; charset=utf-8', '8bit', text(2_000));
  const pdf = part('application/pdf; name="a.pdf"', 'base64', base64.repeat(10 * 14_000));
  const first = (body: string): Buffer => Buffer.from(body.slice(0, contentBytesMax));
  const multipart = 'multipart/mixed; boundary="X"';
  return [
    {
      name: 'plain text, 4 KB',
      type: 'text/plain; charset=utf-8',
      body: first(`${text(4_000)} https://a.example/`),
    },
    { name: 'newsletter, 30 KB', type: multipart, body: first(`${plain}${html}--X--`) },
    { name: 'attachment, 10 MB', type: multipart, body: first(`${plain}${pdf}--X--`) },
  ];
}

const fields = (type: string): readonly (readonly [TraitField, Buffer])[] => [
  ['content-type', Buffer.from(type)],
  ['date', Buffer.from('Sun, 29 Nov 2026 18:42:43 +0100')],
  ['user-agent', Buffer.from('Mozilla Thunderbird')],
  ['in-reply-to', Buffer.from('<1b2c3d4e-5f60-7a8b-9c0d-1e2f3a4b5c6d@there.example>')],
];

function readTraits(type: readonly (readonly [TraitField, Buffer])[], head: Buffer): unknown {
  const traits = new MessageTraits();
  for (const [name, value] of type) traits.field(name, value, 0, value.length);
  return traits.read({
    account: 'joe@here.example' as Account,
    by: 'login',
    client: { helo: 'pc.example', tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384', auth: 'PLAIN' },
    encoding: '8bit',
    head,
    headerFrom: 'joe@here.example',
    messageId: '<5f60c3d4-1b2e-7a8b-9c0d-1e2f3a4b5c6d@here.example>',
    sender: 'joe@here.example',
    siteOf: (host) => host,
  });
}

function fingerprint(body: Buffer): string {
  const one = new Fingerprint();
  one.update(readableBody(body.subarray(0, fingerprintBytesMax), '8bit'));
  return one.digest();
}

/** Microseconds of processor time a call. */
function timed(run: () => unknown, times: number): number {
  const began = process.cpuUsage();
  for (let nth = 0; nth < times; nth++) run();
  const { system, user } = process.cpuUsage(began);
  return (system + user) / times;
}

export function benchTraits({ rounds }: { readonly rounds: number }): TraitFigures {
  const rows = samples().map(({ body, name, type }) => {
    const head = fields(type);
    const traits: number[] = [];
    const prints: number[] = [];
    timed(() => readTraits(head, body), 2_000);
    for (let round = 0; round < rounds; round++) {
      traits.push(timed(() => readTraits(head, body), 500));
      prints.push(timed(() => fingerprint(body), 500));
    }
    return { name, traitsUs: median(traits), fingerprintUs: median(prints) };
  });
  const [plain] = rows;
  const goals: readonly Goal[] = [
    { what: 'traits of plain text, 4 KB', value: plain?.traitsUs ?? 0, unit: 'µs', most: 6 },
  ];
  return { rows, load: machineLoad(), goals };
}

export function traitTable({ rows, load }: TraitFigures): string {
  return [
    table([
      ['processor time a message', 'traits', 'fingerprint'],
      ...rows.map((row) => [
        row.name,
        `${shown(row.traitsUs)} µs`,
        `${shown(row.fingerprintUs)} µs`,
      ]),
    ]),
    `load ${shown(load)}`,
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '9' },
      json: { type: 'boolean', default: false },
    },
  });
  const figures = benchTraits({ rounds: Number(values.rounds) });
  if (values.json) console.log(JSON.stringify(figures));
  else console.log(`${traitTable(figures)}\n\n${goalLines(figures.goals)}`);
}
