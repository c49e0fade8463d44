/** tinydns' data lines: what is printed, what is read, and print ∘ parse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyName, anyRecord } from '../../../test/doubles/records.ts';
import { type DnsRecord, textOfTxt, txtStrings } from './record.ts';
import { parseBindZone } from './zone-bind.ts';
import { printTinydnsZone } from './zone-tinydns.ts';
import { parseTinydnsZone } from './zone-tinydns-parse.ts';

function fromBind(text: string): readonly DnsRecord[] {
  const zone = parseBindZone(text, { origin: 'example.com' });
  assert.ok(zone.ok, JSON.stringify(zone));
  return zone.value;
}

const printed = [
  [
    'the colon of an address',
    '@ TXT "v=spf1 a mx ip4:5.5.5.5 ~all"',
    "'example.com:v=spf1 a mx ip4\\0725.5.5.5 ~all:3600",
  ],
  [
    'a backslash, quotes, semicolons, other octets',
    '@ 60 TXT "\\\\;\\"\\000\\255\\010"',
    '\'example.com:\\134;"\\000\\377\\012:60',
  ],
  ['strings are joined', '@ TXT "v=DKIM1; " "p=abc"', "'example.com:v=DKIM1; p=abc:3600"],
  ['an empty text', '@ TXT ""', ':example.com:16:\\000:3600'],
  ['an address', 'mail A 192.0.2.1', '+mail.example.com:192.0.2.1:3600'],
  [
    'an IPv6 address',
    'mail AAAA 2001:db8::1:41',
    `:mail.example.com:28:\\040\\001\\015\\270${'\\000'.repeat(9)}\\001\\000\\101:3600`,
  ],
  ['an alias', '*.web CNAME @', 'C*.web.example.com:example.com:3600'],
  [
    'a pointer',
    '1.2.0.192.in-addr.arpa. PTR mail',
    '^1.2.0.192.in-addr.arpa:mail.example.com:3600',
  ],
  ['a name server', '@ NS ns1', '&example.com::ns1.example.com:3600'],
  ['a name server of one label', '@ NS ns.', '&example.com::ns.:3600'],
  ['a mail exchanger', '@ MX 10 mail', '@example.com::mail.example.com:10:3600'],
  ['none', '@ MX 0 .', '@example.com::.:0:3600'],
  ['a mail exchanger of one label', '@ MX 5 mx.', '@example.com::mx.:5:3600'],
  [
    'authority',
    '@ 3600 SOA ns1 john\\.doe 1 2 3 4 5',
    'Zexample.com:ns1.example.com:john\\056doe.example.com:1:2:3:4:5:3600',
  ],
  [
    'TLSA',
    '_25._tcp.mail TLSA 3 1 1 ab01',
    ':_25._tcp.mail.example.com:52:\\003\\001\\001\\253\\001:3600',
  ],
  [
    'odd octets in a name',
    'a\\:b\\.c\\ d\\200 A 192.0.2.1',
    '+a\\072b\\056c\\040d\\310.example.com:192.0.2.1:3600',
  ],
] as const;
for (const [name, bind, want] of printed) {
  test(`printed: ${name}`, () => assert.equal(printTinydnsZone(fromBind(bind)), `${want}\n`));
}

const read = [
  [
    'TXT in strings of 127',
    `'a.example:${'p'.repeat(300)}:60`,
    `a.example. 60 TXT ${'p'.repeat(127)} ${'p'.repeat(127)} ${'p'.repeat(46)}`,
  ],
  ['escapes of fewer digits', "'a.example:\\72\\9\\1011::", 'a.example. 86400 TXT ":9A1"'],
  ['generic TXT', ':a.example:16:\\003abc\\001d:60', 'a.example. 60 TXT abc d'],
  [
    'a host and its pointer',
    '=a.example:192.0.2.1:60',
    'a.example. 60 A 192.0.2.1\n1.2.0.192.in-addr.arpa. 60 PTR a.example.',
  ],
  [
    'a mail exchanger with address',
    '@a.example:192.0.2.1:b',
    'a.example. 86400 MX 0 b.mx.a.example.\nb.mx.a.example. 86400 A 192.0.2.1',
  ],
  [
    'our domain',
    '.a.example:192.0.2.1:b:60',
    'a.example. 2560 SOA b.ns.a.example. hostmaster.a.example. 1 16384 2048 1048576 ' +
      '2560\na.example. 60 NS b.ns.a.example.\nb.ns.a.example. 60 A 192.0.2.1',
  ],
  ['a delegation', '&a.example::ns.b.example', 'a.example. 259200 NS ns.b.example.'],
  [
    'authority with defaults',
    'Za.example:ns.a.example:x.a.example',
    'a.example. 2560 SOA ns.a.example. x.a.example. 1 16384 2048 1048576 2560',
  ],
  ['capital letters, dots at the end', '+A.Example.:192.0.2.1:60  ', 'a.example. 60 A 192.0.2.1'],
  [
    'the IPv6 patch',
    '3a.example:20010db8000000000000000000000001:60',
    'a.example. 60 AAAA 2001:db8::1',
  ],
  [
    'comments and lines that are off',
    '# no\n\n-a.example:192.0.2.1\n+b.example:192.0.2.2:1',
    'b.example. 1 A 192.0.2.2',
  ],
] as const;
for (const [name, data, want] of read) {
  test(`read: ${name}`, () => {
    const zone = parseTinydnsZone(data);
    assert.ok(zone.ok, JSON.stringify(zone));
    assert.deepEqual(zone.value, fromBind(want));
  });
}

const faults = [
  ['an address', '+a.example:192.0.2', /^1: 192\.0\.2 is not an IPv4 address$/],
  ['a line type', '\nxa.example', /^2: a line of tinydns cannot begin with x$/],
  ['a time', '+a.example:192.0.2.1:soon', /^1: soon is not a TTL$/],
  [
    'a colon that is not escaped',
    "'a.example:v=spf1 ip4:192.0.2.1 -all:60",
    /192\.0\.2\.1 -all is not a TTL: a colon in a text is written \\072$/,
  ],
  ['a distance', '@a.example::b.c:x', /x is not an MX distance/],
  ['a label too long', `+${'x'.repeat(64)}:192.0.2.1`, /is not a name$/],
  ['a line as Windows has it', "'a.example:v=spf1 -all\r", /a carriage return at its end/],
  ['generic data', ':a.example:16:\\005abc:', /cut short or not valid$/],
  ['generic NS', ':a.example:2:x:', /refuses type 2/],
  ['a generic type', ':a.example:TXT:x:', /the number of its type/],
  ['half an IPv6 address', '3a.example:2001:', /not the 32 digits/],
  ['a line without end', `'a.example:${' '.repeat(300_000)}x`, /^1: a line of 300012 characters$/],
  ['a serial', 'Za.example:b.c:d.e:x', /x is not a number of an SOA$/],
] as const;
for (const [name, data, what] of faults) {
  test(`a fault is named with its line: ${name}`, () => {
    const zone = parseTinydnsZone(data);
    assert.ok(!zone.ok);
    assert.match(zone.error.map(({ line, what }) => `${line}: ${what}`).join('\n'), what);
  });
}

test('lines of other types are left out, with a note', () => {
  const notes: string[] = [];
  const zone = parseTinydnsZone(
    '%in:192.168\n+a.example:192.0.2.1:60::in\n:a.example:257:x:\nSa.example:b:1:2:3',
    { skipped: ({ line }) => notes.push(`${line}`) },
  );
  assert.ok(zone.ok && zone.value.length === 0);
  assert.deepEqual(notes, ['1', '2', '3', '4']);
});

/** The strings as tinydns cuts them. */
function served(record: DnsRecord): DnsRecord {
  if (record.type !== 'TXT') return record;
  const text = textOfTxt(record);
  return text === ''
    ? { ...record, strings: [''] }
    : { ...record, strings: text.match(/.{1,127}/gs) ?? [] };
}

test('every record survives printing and reading: the text of TXT, all else exactly', () => {
  fc.assert(
    fc.property(fc.array(anyRecord(anyName)), (records) => {
      const text = printTinydnsZone(records);
      assert.match(text, /^[\n -~]*$/);
      const zone = parseTinydnsZone(text);
      assert.ok(zone.ok, JSON.stringify(zone));
      assert.deepEqual(zone.value, records.map(served));
    }),
  );
});

test('a reader of anything never throws', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ':',
      '\n',
      '\\',
      '\\072',
      '.',
      '&',
      '=',
      '+',
      '@',
      "'",
      '^',
      'C',
      'Z',
      '3',
      '6',
    ),
    fc.constantFrom('a.example', '192.0.2.1', '60', '16', '28', '\\003abc'),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const zone = parseTinydnsZone(pieces.join(''));
      if (!zone.ok) assert.ok(zone.error.length > 0);
    }),
  );
});

test('a long key is one line', () => {
  const text = `v=DKIM1; k=rsa; p=${'A'.repeat(720)}`;
  const record: DnsRecord = { type: 'TXT', strings: txtStrings(text), name: 'x', ttlSeconds: 1 };
  assert.equal(printTinydnsZone([record]), `'x:${text}:1\n`);
});
