/** Whose mail counts as written by them, and to which mailbox. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SignatureFinding, SpfFinding } from '../inbound/results.ts';
import { type AddressFields, saysNoPerson, wroteIn } from './wrote-in.ts';

const spf = (domain: string, result: SpfFinding['result'] = 'pass'): SpfFinding => ({
  result,
  domain,
  identity: 'mailfrom',
  why: '',
});
const noSpf = spf('far.example', 'none');
const signed = (domain: string, covers = 'from to cc subject'): SignatureFinding => ({
  result: 'pass',
  domain,
  covers: covers.split(' '),
  selector: 's',
  identity: '',
  algorithm: 'rsa-sha256',
  mark: '',
  why: '',
});

type Given = Partial<AddressFields> & {
  readonly sender?: string;
  readonly spf?: SpfFinding;
  readonly dkim?: readonly SignatureFinding[];
  readonly recipients?: readonly string[];
};

const ann = 'ann@here.test';
const usual = [ann] as const;

function wrote({ cc = [], dkim = [], from, recipients = usual, sender, spf, to }: Given) {
  const fields = { from: from ?? [' Carol <carol@far.example>'], to: to ?? [` <${ann}>`], cc };
  const results = { dkim, sender: sender ?? 'carol@far.example', spf: spf ?? noSpf };
  const found = wroteIn(fields, results, { recipients, delimiters: '+' });
  return found === undefined ? '' : `${found.author} to ${found.mailboxes.join(' ')}`;
}

const yes = `carol@far.example to ${ann}`;
const many = Array.from({ length: 21 }, (_, nth) => `u${nth}@here.test`);

const rows: readonly (readonly [string, Given, string])[] = [
  ['SPF of the very domain', { spf: spf('far.example') }, yes],
  ['SPF, with a blind copy', { spf: spf('far.example'), to: [' x@far.example'] }, yes],
  ['SPF of the domain in U-labels', { ...umlaut(), spf: spf('f\u00e4r.example') }, umlautYes()],
  ['a signature that covers To', { dkim: [signed('far.example')] }, yes],
  [
    'a signature that covers Cc',
    { dkim: [signed('FAR.example')], to: [' x@y.example'], cc: [` ${ann}`] },
    yes,
  ],
  [
    'an extension of the mailbox',
    { spf: spf('far.example'), recipients: ['ann+shop@here.test'] },
    yes,
  ],
  [
    'an extension that only To has',
    { dkim: [signed('far.example')], to: [' ann+shop@here.test'] },
    yes,
  ],
  ['SPF fails', { spf: spf('far.example', 'fail') }, ''],
  ['SPF none', {}, ''],
  ['SPF of the HELO name', { spf: { ...spf('far.example'), identity: 'helo' } }, ''],
  ['the null sender', { sender: '', spf: spf('far.example') }, ''],
  ['SPF of a domain below', { spf: spf('sub.far.example') }, ''],
  ['SPF of the domain above', { from: [' c@sub.far.example'], spf: spf('far.example') }, ''],
  ['SPF of a domain that ends alike', { spf: spf('notfar.example') }, ''],
  [
    'the name of the victim in front',
    { from: [' "carol@far.example" <x@evil.example>'], spf: spf('far.example') },
    '',
  ],
  ['two authors', { from: [' x@evil.example, carol@far.example'], spf: spf('far.example') }, ''],
  [
    'two From fields',
    { from: [' x@evil.example', ' carol@far.example'], spf: spf('far.example') },
    '',
  ],
  [
    'two addresses in one',
    { from: [' <x@evil.example> <carol@far.example>'], spf: spf('far.example') },
    '',
  ],
  [
    'an address that programs read differently',
    { from: [' carol@evil.example@far.example'], spf: spf('far.example') },
    '',
  ],
  ['no author', { from: [''], spf: spf('far.example') }, ''],
  ['a signature of another domain', { dkim: [signed('evil.example')] }, ''],
  [
    'a signature of a domain above',
    { from: [' c@sub.far.example'], dkim: [signed('far.example')] },
    '',
  ],
  ['a bad signature', { dkim: [{ ...signed('far.example'), result: 'fail' }] }, ''],
  ['a key that is a test', { dkim: [{ ...signed('far.example'), covers: [] }] }, ''],
  [
    'a signature without To: sent once more, to others',
    { dkim: [signed('far.example', 'from subject')] },
    '',
  ],
  [
    'signed for somebody else: sent once more, or forwarded',
    { dkim: [signed('far.example')], to: [' old@mail.example'] },
    '',
  ],
  [
    'a second To on top of the signed one',
    { dkim: [signed('far.example')], to: [` ${ann}`, ' x@y.example'] },
    '',
  ],
  ['to many of this server', { spf: spf('far.example'), recipients: many }, ''],
];

function umlaut(): Given {
  return { from: [Buffer.from(' c@f\u00e4r.example').toString('latin1')] };
}
function umlautYes(): string {
  return `c@xn--fr-via.example to ${ann}`;
}

for (const [name, given, wanted] of rows) {
  test(`who wrote: ${name}`, () => assert.equal(wrote(given), wanted));
}

test('of several recipients, only those count that a signed field names', () => {
  const recipients = [ann, 'joe@here.test'];
  assert.equal(wrote({ recipients, dkim: [signed('far.example')] }), yes);
  const both = `carol@far.example to ${ann} joe@here.test`;
  assert.equal(wrote({ recipients, spf: spf('far.example') }), both);
});

test('fields of programs, lists and filters', () => {
  const program = [
    ['auto-submitted', ' auto-replied'],
    ['auto-submitted', ' auto-generated (vacation)'],
    ['auto-submitted', ' nonsense'],
    ['precedence', ' Bulk'],
    ['precedence', ' auto_reply'],
    ['x-autoreply', ' yes'],
    ['list-id', ' <friends.example>'],
    ['list-unsubscribe', ' <mailto:x@y.example>'],
    ['content-type', ' multipart/report; report-type=disposition-notification'],
    ['x-spam-flag', ' YES'],
    ['resent-from', ' x@y.example'],
  ] as const;
  const person = [
    ['auto-submitted', ' no'],
    ['auto-submitted', ' No; reason=x'],
    ['precedence', ' first-class'],
    ['content-type', ' multipart/mixed; boundary=report'],
    ['x-spam-flag', ' NO'],
    ['subject', ' yes'],
  ] as const;
  for (const [name, value] of program) assert.equal(saysNoPerson(name, value), true, value);
  for (const [name, value] of person) assert.equal(saysNoPerson(name, value), false, value);
});
