/** The field in which a webmail writes the person's address, hostile values included. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientField } from './client-field.ts';

type Fields = readonly (readonly [name: string, value: string])[];

function found(name: string, fields: Fields): string {
  const field = new ClientField(name);
  for (const [each, value] of fields) {
    const bytes = Buffer.from(`xx${each}\0${value}\0yy`, 'latin1');
    const nameEnd = 2 + Buffer.byteLength(each, 'latin1');
    field.take(bytes, 2, nameEnd, { valueStart: nameEnd + 1, end: bytes.length - 3 });
  }
  return field.address;
}

const from = 'X-Originating-IP';
const one: readonly (readonly [why: string, value: string, address: string])[] = [
  ['an address', '203.0.113.7', '203.0.113.7'],
  ['in brackets', ' [203.0.113.7] ', '203.0.113.7'],
  ['IPv6', '2001:DB8:0:0::7', '2001:db8::7'],
  ['IPv6 as in SMTP', '[IPv6:2001:db8::7]', '2001:db8::7'],
  ['IPv4 inside IPv6', '::ffff:203.0.113.7', '203.0.113.7'],
  ['a list, as X-Forwarded-For has it', '203.0.113.7, 192.0.2.1', ''],
  ['a comment', '203.0.113.7 (home)', ''],
  ['a name', 'pc.example', ''],
  ['too large', '203.0.113.256', ''],
  ['too short', '203.0.113', ''],
  ['a network', '203.0.113.0/24', ''],
  ['letters of IPv6 alone', 'ipv6', ''],
  ['a zone', 'fe80::1%eth0', ''],
  ['a line break', '203.0.113.7\n 203.0.113.8', ''],
  ['NUL', '203.0.113.7\0', ''],
  ['nothing', '', ''],
  ['blanks', ' \t ', ''],
  ['digits of another script', '٢٠٣.0.113.7', ''],
  ['a long text', '1'.repeat(100_000), ''],
];
for (const [why, value, address] of one) {
  test(`${why}: ${address === '' ? 'no address' : address}`, () => {
    assert.equal(found(from, [[from, value]]), address);
  });
}

const http = 'with HTTP (HTTP/1.1 POST); Sun, 29 Nov 2026 18:42:43 +0000';
const received: typeof one = [
  ['Roundcube', `from pc.example ([203.0.113.7])\n\tby web.example\n\t${http}`, '203.0.113.7'],
  ['Roundcube, without a name', `from [203.0.113.7] by web.example ${http}`, '203.0.113.7'],
  [
    'Roundcube behind a proxy: what the person said does not count',
    `from home.example ([192.0.2.9])\n\t via proxy ([198.51.100.4])\n\tby web.example\n\t${http}`,
    '198.51.100.4',
  ],
  ['Horde', 'from a.b (a.b [2001:db8::7]) by w (Horde Framework) with HTTPS; date', '2001:db8::7'],
  ['SMTP', 'from pc.example ([203.0.113.7]) by mail.example with ESMTPSA id 1; date', ''],
  ['HTTP before its place', `from with HTTP ([203.0.113.7]) by m with ESMTP id 1; date`, ''],
  ['no from', `([203.0.113.7]) by web.example ${http}`, ''],
  ['brackets the wrong way', `from ]203.0.113.7[ by web.example ${http}`, ''],
  ['encrypted by Roundcube', `from kq3L== (8aXx==) by web.example ${http}`, ''],
  ['brackets without end', `from ${'['.repeat(900)} by x ${http}`, ''],
];
for (const [why, value, address] of received) {
  test(`Received, ${why}: ${address === '' ? 'no address' : address}`, () => {
    assert.equal(found('Received', [['Received', value]]), address);
  });
}

test('the topmost field counts, however its name is written', () => {
  assert.equal(
    found('x-ORIGINATING-ip', [
      ['Subject', 'x'],
      [from, '203.0.113.7'],
      ['X-Originating-Ip', '192.0.2.1'],
    ]),
    '203.0.113.7',
  );
});

test('a topmost field in the wrong form is not made good by one below it', () => {
  const copies: Fields = [
    [from, 'somewhere'],
    [from, '192.0.2.1'],
  ];
  assert.equal(found(from, copies), '');
});

test('a field whose name only begins alike does not count', () => {
  assert.equal(found(from, [[`${from}s`, '192.0.2.1']]), '');
  assert.equal(found(from, [['X-Originating-Ix', '192.0.2.1']]), '');
});

test('a message that was sent again may carry a field of anybody', () => {
  const again: Fields = [
    ['ReSent-From', 'joe@here.example'],
    [from, '192.0.2.1'],
  ];
  assert.equal(found(from, again), '');
  assert.equal(found(from, again.toReversed()), '');
});
