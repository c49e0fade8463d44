/** Texts that are nearly a record, and the record that was meant. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dmarcKind } from '../dmarc/record.ts';
import { spfKind } from '../spf/record.ts';
import { mtaStsKind } from '../tls/mta-sts.ts';
import { tlsRptKind } from '../tls/tls-rpt.ts';
import { nearRecord } from './near-record.ts';
import { txtStrings } from './record.ts';

const kinds = { spf: spfKind, dmarc: dmarcKind, sts: mtaStsKind, tls: tlsRptKind };

/** `the record that was meant: why`, `no`, or `unclear: why`. */
function near(kind: keyof typeof kinds, ...strings: readonly string[]): string {
  const found = nearRecord({ strings }, kinds[kind]);
  return found === undefined ? 'no' : `${found.meant ?? 'unclear'} | ${found.why}`;
}

const spf = 'v=spf1 include:_spf.example.net ~all';
const dmarc = 'v=DMARC1; p=reject; rua=mailto:d@example.net';
const blank = 'after v=spf1 must come a blank';
const quoted = 'it was published with its quotation marks';
const slashed = 'it was published with backslashes';
const odd = 'it has a tab or another character where a blank must be';
const words = 'its words were published as strings, which readers join without blanks';

const rows: readonly (readonly [keyof typeof kinds, readonly string[], string])[] = [
  ['spf', [spf], 'no'],
  ['spf', ['V=SPF1 mx -all'], 'no'],
  ['spf', ['spf2.0/mfrom,pra include:example.net ~all'], 'no'],
  ['spf', ['v=spf1-site-verification'], `unclear | ${blank}`],
  ['spf', ['google-site-verification=v=spf1'], 'no'],
  ['spf', ['v=DMARC1; p=none'], 'no'],
  ['spf', ['v=spf1; include:_spf.example.net ~all'], `${spf} | ${blank}`],
  ['spf', ['v=spf1,include:_spf.example.net ~all'], `${spf} | ${blank}`],
  ['spf', [`"${spf}"`], `${spf} | ${quoted}`],
  ['spf', [`\\"${spf}\\"`], `${spf} | ${slashed}; ${quoted}`],
  ['spf', [`\xe2\x80\x9c${spf}\xe2\x80\x9d`], `${spf} | ${quoted}`],
  ['spf', ['"v=spf1 include:_spf.exam" "ple.net ~all"'], `${spf} | ${quoted}`],
  ['spf', ['v=spf1\tinclude:_spf.example.net ~all'], `${spf} | ${odd}`],
  ['spf', ['v=spf1\xc2\xa0include:_spf.example.net ~all'], `${spf} | ${odd}`],
  ['spf', [`  ${spf}`], `${spf} | it begins with a blank`],
  ['spf', [`\xef\xbb\xbf${spf}`], `${spf} | it has characters that cannot be seen`],
  ['spf', spf.split(' '), `${spf} | ${words}`],
  ['spf', ['v=spf1include:_spf.example.net~all'], `${spf} | ${blank}`],
  ['spf', ['v=spf1mxinclude:a.example?all'], `v=spf1 mx include:a.example ?all | ${blank}`],
  [
    'spf',
    [`example.org. 3600 IN TXT "${spf}"`],
    `${spf} | a whole line of a zone file was published; ${quoted}`,
  ],
  [
    'spf',
    ['v=spf include:_spf.example.net ~all'],
    `${spf} | it begins with “v=spf ”, not with v=spf1`,
  ],
  [
    'spf',
    ['v = spf1 include:_spf.example.net ~all'],
    `${spf} | it begins with “v = spf1 ”, not with v=spf1`,
  ],
  [
    'spf',
    ['spf1 include:_spf.example.net ~all'],
    `${spf} | it begins with “spf1 ”, not with v=spf1`,
  ],
  ['spf', ['v=spf1, lets see'], `unclear | ${blank}`],
  ['dmarc', [dmarc], 'no'],
  ['dmarc', ['hello'], 'no'],
  ['dmarc', ['v=spf1 -all'], 'no'],
  ['dmarc', [dmarc.replaceAll(';', '\\;')], `${dmarc} | ${slashed}`],
  ['dmarc', [`"${dmarc}"`], `${dmarc} | ${quoted}`],
  [
    'dmarc',
    [dmarc.replace('DMARC', 'dmarc')],
    `${dmarc} | it begins with “v=dmarc1;”, not with v=DMARC1`,
  ],
  ['dmarc', [dmarc.replaceAll(';', '')], `${dmarc} | after v=DMARC1 must come a semicolon`],
  ['dmarc', [dmarc.replaceAll(';', ',')], `${dmarc} | after v=DMARC1 must come a semicolon`],
  [
    'dmarc',
    dmarc.replaceAll(';', '').split(' '),
    `${dmarc} | ${words}; after v=DMARC1 must come a semicolon`,
  ],
  [
    'dmarc',
    ['p=reject; rua=mailto:d@example.net; v=DMARC1'],
    `${dmarc} | v=DMARC1 is missing at its beginning`,
  ],
  [
    'dmarc',
    ['DMARC1; p=reject; rua=mailto:d@example.net'],
    `${dmarc} | it begins with “DMARC1;”, not with v=DMARC1`,
  ],
  ['dmarc', ['v=DMARC1.0 reject'], 'unclear | it begins with “v=DMARC1.0 ”, not with v=DMARC1'],
  ['sts', ['v=STSv1; id=1'], 'no'],
  ['sts', ['v=STSv1\\; id=1\\;'], `v=STSv1; id=1; | ${slashed}`],
  ['sts', ['v=stsv1; id=1'], 'v=STSv1; id=1 | it begins with “v=stsv1;”, not with v=STSv1'],
  ['sts', ['v=STSv1 id=20260101'], 'v=STSv1; id=20260101 | after v=STSv1 must come a semicolon'],
  ['sts', ['v=STS1; id=1'], 'v=STSv1; id=1 | it begins with “v=STS1;”, not with v=STSv1'],
  ['tls', ['v=TLSRPTv1; rua=mailto:t@example.net'], 'no'],
  [
    'tls',
    ['"v=TLSRPTv1; rua=mailto:t@example.net"'],
    `v=TLSRPTv1; rua=mailto:t@example.net | ${quoted}`,
  ],
  [
    'tls',
    ['v=TLSRPT1;rua=mailto:t@example.net'],
    'v=TLSRPTv1; rua=mailto:t@example.net | it begins with “v=TLSRPT1;”, not with v=TLSRPTv1',
  ],
];
for (const [kind, strings, wanted] of rows) {
  test(`${kind}: ${strings.join(' | ')}`, () => assert.equal(near(kind, ...strings), wanted));
}

test('no text makes it slow or throw, and what was meant is a record', () => {
  const piece = fc.constantFrom(
    'v=',
    'spf1',
    'DMARC1',
    'STSv1',
    ' ',
    ';',
    '\\',
    '"',
    '\t',
    'p=',
    ',',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      for (const kind of Object.values(kinds)) {
        const found = nearRecord({ strings: txtStrings(pieces.join('')) }, kind);
        if (found?.meant !== undefined) assert.ok(kind.is(found.meant), found.meant);
      }
    }),
  );
  for (const char of ' "\\;,v=\t') {
    for (const kind of Object.values(kinds)) {
      nearRecord({ strings: txtStrings(`v${char.repeat(65_000)}x`) }, kind);
    }
  }
});
