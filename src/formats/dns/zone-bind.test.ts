/** Master files: what RFC 1035 and BIND allow, what is wrong in which line, and print ∘ parse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyName, anyRecord } from '../../../test/doubles/records.ts';
import { addressOf, ipv6Octets } from './address-octets.ts';
import { labelsOf, nameOf } from './name.ts';
import type { DnsRecord } from './record.ts';
import { parseBindZone, printBindZone, zoneCharactersMax } from './zone-bind.ts';

function parsed(text: string, origin?: string): readonly DnsRecord[] {
  const zone = parseBindZone(text, origin === undefined ? {} : { origin });
  assert.ok(zone.ok, JSON.stringify(zone));
  return zone.value;
}

function wrong(text: string): string {
  const zone = parseBindZone(text);
  assert.ok(!zone.ok, JSON.stringify(zone));
  return zone.error.map(({ line, what }) => `${line}: ${what}`).join('\n');
}

/** One record in short: name, TTL, type, the rest of its values. */
function short({ name, ttlSeconds, type, ...data }: DnsRecord): string {
  return `${name} ${ttlSeconds} ${type} ${JSON.stringify(Object.values(data))}`;
}

test('a zone as people write it', () => {
  const text = `
; the zone of example.org
$ORIGIN Example.ORG.
$TTL 1h30m
@ IN SOA ns1 hostmaster.example.org. ( 2026112501 ; serial
     1d 2h   ; refresh, retry
     4w 300 )
  NS ns1
  IN 60 NS ns2.example.net.
  60 IN MX 10 mail
mail A 192.0.2.1
     AAAA 2001:DB8:0:0::1
WWW 1w CNAME @
sub.example.org. TXT "v=spf1" " -all" unquoted\\ word "a \\"b\\" \\\\ \\065\\255;()"
$ORIGIN lower
a TXT ( "one"   ; a comment
  "two" )
_25._tcp.mail TLSA 3 1 1 ( ABCD
   ef01 )
`;
  assert.deepEqual(parsed(text).map(short), [
    'example.org 5400 SOA ' +
      '["ns1.example.org","hostmaster.example.org",2026112501,86400,7200,2419200,300]',
    'example.org 5400 NS ["ns1.example.org"]',
    'example.org 60 NS ["ns2.example.net"]',
    'example.org 60 MX [10,"mail.example.org"]',
    'mail.example.org 5400 A ["192.0.2.1"]',
    'mail.example.org 5400 AAAA ["2001:db8::1"]',
    'www.example.org 604800 CNAME ["example.org"]',
    'sub.example.org 5400 TXT [["v=spf1"," -all","unquoted word","a \\"b\\" \\\\ Aÿ;()"]]',
    'a.lower.example.org 5400 TXT [["one","two"]]',
    '_25._tcp.mail.lower.example.org 5400 TLSA [3,1,1,"abcdef01"]',
  ]);
});

test('absolute names alone, without any directive, CRLF, no newline at the end', () => {
  assert.deepEqual(parsed('a.example. TXT "x"\r\n MX 0 .\r\nb.example. 5 A 192.0.2.2').map(short), [
    'a.example 3600 TXT [["x"]]',
    'a.example 3600 MX [0,""]',
    'b.example 5 A ["192.0.2.2"]',
  ]);
});

test('without $TTL the last one counts, and SOA its minimum', () => {
  const soa = '@ SOA . . 1 2 3 4 77\n A 192.0.2.1\n 5 A 192.0.2.2\n A 192.0.2.3';
  assert.deepEqual(
    parsed(soa, 'example.org').map(({ ttlSeconds }) => ttlSeconds),
    [77, 77, 5, 5],
  );
});

test('records of other types and classes are left out, with a note', () => {
  const notes: string[] = [];
  const zone = parseBindZone(
    'a. CAA 0 issue "ca.example"\n TYPE65534 \\# 1 00\n CH TXT "version"\n A 192.0.2.1',
    { skipped: ({ line, what }) => notes.push(`${line}: ${what}`) },
  );
  assert.ok(zone.ok && zone.value.length === 1);
  assert.match(notes.join('\n'), /^1: CAA is not one of .*\n2: TYPE65534 .*\n3: TXT of class CH/);
});

const faults = [
  [
    '$INCLUDE',
    '\n$INCLUDE other.db',
    /^2: \$INCLUDE is not read; named-compilezone -o - ZONE FILE/,
  ],
  ['an unknown directive', '$DATE 20261128', /^1: \$DATE is not read; named-compilezone/],
  ['a range', '$GENERATE 9-2 a. A 192.0.2.$', /^1: 9-2 is not a range .*; named-compilezone/],
  [
    'a modifier',
    ['$GENERATE 1-2 a$', '{x}. A 192.0.2.$'].join(''),
    /^1: \$GENERATE with invalid numbers/,
  ],
  ['an address made', '$GENERATE 255-256 a$. A 192.0.2.$', /^1: 192\.0\.2\.256 is not an IPv4/],
  ['generic data', 'a. A \\# 4 C00002', /^1: 3 octets after \\# 4$/],
  ['generic data of a type', 'a. A \\# 3 C00002', /^1: the data of type A are cut short/],
  ['no hexadecimal', 'a. TYPE1 \\# 1 xx', /^1: after \\# must be a length/],
  ['a relative name without origin', 'a A 192.0.2.1', /^1: a has no final dot/],
  ['@ without origin', '@ A 192.0.2.1', /^1: @, and there is no \$ORIGIN$/],
  ['no owner', '  A 192.0.2.1', /^1: a record without an owner/],
  ['an address', 'a. A 192.0.2.256', /^1: 192\.0\.2\.256 is not an IPv4 address$/],
  ['an IPv6 address', 'a. AAAA 192.0.2.1', /is not an IPv6 address$/],
  ['too many values', 'a. A 192.0.2.1 192.0.2.2', /A with 2 values instead of 1/],
  [
    'a quote that is open',
    'a. TXT "abc\nb. TXT "x"',
    /^1: a quoted text is not closed on its line$/,
  ],
  ['a quote open at the end', 'a. TXT "abc\\', /^1: a quoted text is not closed/],
  ['a parenthesis that is open', '\na. TXT ( "abc"\n"d"', /^2: a parenthesis is never closed$/],
  ['a parenthesis too many', 'a. TXT "abc" )', /^1: a parenthesis is closed/],
  ['a string too long', `a. TXT ${'x'.repeat(256)}`, /^1: a string of 256 octets/],
  ['an invalid escape', 'a. TXT "\\256"', /^1: an invalid backslash$/],
  ['a label too long', `${'x'.repeat(64)}. A 192.0.2.1`, /has a part of more than 63 octets$/],
  ['a name too long', `${'x.'.repeat(127)}x. A 192.0.2.1`, /has more than 253 octets$/],
  ['two dots', 'a..b. A 192.0.2.1', /has two dots in a row/],
  ['no type', 'a. 60 IN', /^1: no record type$/],
  ['an invalid type', 'a. 192.0.2.1', /^1: 192\.0\.2\.1 is not a record type/],
  ['a preference', 'a. MX 65536 b.', /65536 is not an MX preference/],
  ['a serial', 'a. SOA . . x 1 1 1 1', /x is not a serial number/],
  ['a time', 'a. SOA . . 1 1 1 1 1y', /are times$/],
  ['half an octet', 'a. TLSA 3 1 1 abc', /hexadecimal/],
  ['a usage', 'a. TLSA 256 1 1 ab', /numbers up to 255/],
  ['$TTL', '$TTL soon', /^1: soon is not a time/],
  ['not Latin-1', 'a. TXT "\u20ac"', /was not read as Latin-1/],
  ['a word without end', `a. A ${'1h'.repeat(200_000)}`, /^1: a word of 400000 characters/],
  ['a time without end', `a. ${'1h'.repeat(60_000)} A 192.0.2.1`, /is not a record type$/],
  ['a name without end', `${'\\065'.repeat(30_000)}. A 192.0.2.1`, /far too long for a name$/],
  ['several', 'a. A x\nb. A y\n', /^1: x is .*\n2: y is/],
] as const;
for (const [name, text, what] of faults) {
  test(`a fault is named with its line: ${name}`, () => assert.match(wrong(text), what));
}

test('a fault quotes the file on one short line that a terminal may show', () => {
  const what = wrong(`\x1b[31m${'x'.repeat(100_000)} A 192.0.2.1\n`);
  assert.match(what, /^1: [ -~]{10,200}$/);
});

test('a file without end is refused', () => {
  assert.match(wrong(' '.repeat(zoneCharactersMax + 1)), /^1: longer than/);
});

test('names are relative to the origin, columns line up, long texts have a line a string', () => {
  const [key, half] = ['p'.repeat(255), 'q'.repeat(60)];
  const zone = parsed(
    `@ 300 MX 0 .\nmail 3600 A 192.0.2.1\nx._domainkey TXT ${key} ${half}\nother. 5 CNAME mail`,
    'example.org',
  );
  assert.equal(
    printBindZone(zone, { origin: 'example.org' }),
    `$ORIGIN example.org.
@             300 IN MX    0 .
mail         3600 IN A     192.0.2.1
x._domainkey 3600 IN TXT   (
    "${key}"
    "${half}" )
other.          5 IN CNAME mail
`,
  );
});

test('every record survives printing and reading', () => {
  fc.assert(
    fc.property(fc.array(anyRecord(anyName)), fc.option(anyName), (records, origin) => {
      const text = printBindZone(records, origin === null ? {} : { origin });
      assert.match(text, /^[\n -~]*$/);
      assert.deepEqual(parsed(text), records);
    }),
  );
});

test('a reader of anything never throws, and what it reads prints as the same', () => {
  const piece = fc.oneof(
    fc.constantFrom(' ', '\n', '"', '(', ')', ';', '\\', '$ORIGIN', '@', 'IN', '1h', 'TXT', 'a.'),
    fc.constantFrom('MX', 'SOA', 'A', '10', '192.0.2.1', '::', 'AAAA', '\t', '\\065', '.'),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const zone = parseBindZone(pieces.join(''), { origin: 'example.org' });
      if (zone.ok) assert.deepEqual(parsed(printBindZone(zone.value)), zone.value);
      else assert.ok(zone.error.length > 0);
    }),
  );
});

test('names and addresses survive being taken apart', () => {
  fc.assert(fc.property(anyName, (name) => assert.equal(nameOf(labelsOf(name)), name)));
  fc.assert(
    fc.property(fc.array(fc.nat(255), { minLength: 16, maxLength: 16 }), (octets) =>
      assert.deepEqual(ipv6Octets(addressOf(octets) ?? ''), octets),
    ),
  );
});

test('$GENERATE, as BIND writes it out (slow)', () => {
  const modified = (text: string): string => text.replaceAll('#', '$');
  const text = modified(`
#ORIGIN example.org.
#TTL 300
ns A 192.0.2.1
#GENERATE 1-2 dhcp# A 192.0.2.#
#GENERATE 0-4/2 h#{16,4,x} 60 IN CNAME dhcp#{1}.other
#GENERATE 10-11 #{0,3,n}.x PTR h\\##
#GENERATE 171-171 #{0,1,N}.z PTR h#{-171}
#GENERATE 1-1 q TXT "a b#"
#GENERATE 1-1 r TXT "\\"a b#\\" \\"c\\""
  MX 10 mail
`);
  assert.deepEqual(parsed(text).map(short), [
    'ns.example.org 300 A ["192.0.2.1"]',
    'dhcp1.example.org 300 A ["192.0.2.1"]',
    'dhcp2.example.org 300 A ["192.0.2.2"]',
    'h0010.example.org 60 CNAME ["dhcp1.other.example.org"]',
    'h0012.example.org 60 CNAME ["dhcp3.other.example.org"]',
    'h0014.example.org 60 CNAME ["dhcp5.other.example.org"]',
    'a.0.x.example.org 300 PTR ["h$10.example.org"]',
    'b.0.x.example.org 300 PTR ["h$11.example.org"]',
    'b.a.z.example.org 300 PTR ["h0.example.org"]',
    'q.example.org 300 TXT [["a","b1"]]',
    'r.example.org 300 TXT [["a b1","c"]]',
    'ns.example.org 300 MX [10,"mail.example.org"]',
  ]);
  const leftOut = '#GENERATE 1-65536 a#. CAA 0 issue x\n'.repeat(8);
  assert.match(wrong(modified(leftOut)), /^8: more than 500000 records/);
  assert.match(wrong(modified('#GENERATE 0-999999 a#. A 192.0.2.1')), /at most 65536 are read/);
});

test('data in hexadecimal (RFC 3597), under the name of a type or its number', () => {
  const notes: string[] = [];
  const text = `$ORIGIN example.org.
$TTL 300
ns A \\# 4 C0 000235
ns TYPE28 \\# 16 20010db8000000000000000000000001
@ TYPE15 \\# 10 000a 046d61696c 0178 00
@ TXT \\# 6 0561 2062 3f3f
@ TYPE65534 \\# 5 0832F30001
`;
  const zone = parseBindZone(text, { skipped: ({ line, what }) => notes.push(`${line}: ${what}`) });
  assert.ok(zone.ok, JSON.stringify(zone));
  assert.deepEqual(zone.value.map(short), [
    'ns.example.org 300 A ["192.0.2.53"]',
    'ns.example.org 300 AAAA ["2001:db8::1"]',
    'example.org 300 MX [10,"mail.x"]',
    'example.org 300 TXT [["a b??"]]',
  ]);
  assert.match(notes.join('\n'), /^7: TYPE65534 is not one of /);
});
