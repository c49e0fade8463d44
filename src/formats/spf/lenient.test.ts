/** Records with slips, and how they are read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timed } from '../../../test/processor-time.ts';
import { readLenientSpf } from './lenient.ts';
import { parseSpf, printSpf } from './record.ts';

/** The terms; `!` with the words that are not read. */
function read(...strings: readonly string[]): string {
  const octets = strings.map((one) => Buffer.from(one).toString('latin1'));
  const { records, unread } = readLenientSpf(octets);
  const terms = records.map((one) => printSpf(one).slice('v=spf1 '.length)).join(' || ');
  const words = unread.map((one) => /“(.*)”/.exec(one)?.[1] ?? one);
  return words.length === 0 ? terms : `${terms} ! ${words.join(' ')}`;
}

const rows: readonly (readonly [string, string])[] = [
  ['mx include: _spf.a.example ~all', 'mx include:_spf.a.example ~all'],
  [
    'ip4:192.0.2.25, include:a.example, include:b.example ~all',
    'ip4:192.0.2.25 include:a.example include:b.example ~all',
  ],
  ['include:a.example,include:b.example -all', 'include:a.example include:b.example -all'],
  [
    'include._spf.a.example include_spf.b.example includespf.c.example',
    'include:_spf.a.example include:_spf.b.example include:spf.c.example',
  ],
  [
    'mx\u00a0include:https://_spf.a.example/ a:198.51.100.7 \u2013all',
    'mx include:_spf.a.example ip4:198.51.100.7 -all',
  ],
  [
    'ip4 192.0.2.2 ip4: 192.0.2.3 ip4192.0.2.4 ip4.192.0.2.5 192.0.2.6',
    'ip4:192.0.2.2 ip4:192.0.2.3 ip4:192.0.2.4 ip4:192.0.2.5 ip4:192.0.2.6',
  ],
  ['ip4:mail.a.example ip4:_spf.a.example', 'a:mail.a.example include:_spf.a.example'],
  [
    'include=a.example a=b.example/24 ip4=192.0.2.1 redirect:c.example',
    'include:a.example a:b.example/24 ip4:192.0.2.1 redirect=c.example',
  ],
  ['v=spf1 mx V=SPF1 a -all', 'mx a -all'],
  ['mx -all v=spf1 include:a.example ~all', 'mx -all || include:a.example ~all'],
  ['include:"a.example" "include:b.example" ~all.', 'include:a.example include:b.example ~all'],
  [
    'ip4:2001:db8::1 ip6:192.0.2.1 ip6:[2001:db8::1]/32 2001:db8::7',
    'ip6:2001:db8::1 ip4:192.0.2.1 ip6:2001:db8::1/32 ip6:2001:db8::7',
  ],
  ['include:a.example-all', 'include:a.example -all'],
  ['mx~all', 'mx ~all'],
  [
    'ip4:192.0.2.1ip4:192.0.2.2include:a.example~all',
    'ip4:192.0.2.1 ip4:192.0.2.2 include:a.example ~all',
  ],
  ['mx: a: ptr: - all', 'mx a ptr -all'],
  [
    'ip4:192.0.2.0 /24 ip4:192.0.2.0/255.255.255.0 ip4:192.0.2/24 ip4:192.0.2.* ip4:192.0.2.0\\24',
    Array(5).fill('ip4:192.0.2.0/24').join(' '),
  ],
  [
    'inlcude:a.example includ:b.example iinclude:c.example exist:%{i}.d.example',
    'include:a.example include:b.example include:c.example exists:%{i}.d.example',
  ],
  [
    'exists:{ir}.a.example exists:%(i).b.example a/24/64 mx/64',
    'exists:%{ir}.a.example exists:%{i}.b.example a/24//64 mx//64',
  ],
  [
    '+ include:a.example include:include:b.example --all',
    'include:a.example include:b.example -all',
  ],
  [
    'include:_spf. a.example include:_spf .b.example',
    'include:_spf.a.example include:_spf.b.example',
  ],
  ['include:b\u00fccher.example \\032 -al;', 'include:xn--bcher-kva.example -all'],
  ['a:foo:bar/baz.a.example/24 x=a,b -all', 'a:foo:bar/baz.a.example/24 x=a,b -all'],
  // What can mean several things.
  ['a mail.a.example -all', 'a -all ! mail.a.example'],
  ['include: include:b.example ip4: mx', 'include:b.example mx ! include: ip4:'],
  [
    'ip4:192.0.2 ip4:192..0.2.1 ip4:l92.0.2.1 nonsense',
    ' ! ip4:192.0.2 ip4:192..0.2.1 ip4:l92.0.2.1 nonsense',
  ],
  ['- include:a.example +-mx -inlcude:b.example', 'include:a.example ! - +-mx -inlcude:b.example'],
  ['ainclude=a.example ~', ' ! ainclude=a.example ~'],
  ['-a: 192.0.2.250 ~mx: a: 192.0.2.7', 'ip4:192.0.2.250 a ip4:192.0.2.7 ! -a: ~mx:'],
  ['mx: exists.%{ir}.a.example a: ip4-192.0.2.1', ' ! mx: exists.%{ir}.a.example a: ip4-192.0.2.1'],
];
for (const [text, wanted] of rows) {
  test(`read: ${text}`, () => assert.equal(read(`v=spf1 ${text}`).trim(), wanted.trim()));
}

test('strings that are joined without a blank', () => {
  assert.equal(
    read('v=spf1 include:a.example', 'include:b.example -', 'all'),
    'include:a.example include:b.example -all',
  );
  assert.equal(
    read('v=spf1 include:_spf.a.exa', 'mple mx ~al', 'l'),
    'include:_spf.a.example mx ~all',
  );
  assert.equal(read('v=spf1 mx', 'a', '~all'), 'mx a ~all');
  assert.equal(
    read('v=spf1, ip6:2001:db8::9', 'a exists:%{i}.x', 'mx -all'),
    '-all ! ip6:2001:db8::9a exists:%{i}.xmx',
  );
  const strings = ['v=spf1 a:x.co', 'mx -all'];
  assert.equal(readLenientSpf(strings).doubtful.size, 1);
  const apart = readLenientSpf(strings, true);
  assert.deepEqual(apart.records.map(printSpf), ['v=spf1 a:x.co mx -all']);
});

test('each slip is named', () => {
  const { slips } = readLenientSpf(['v=spf1 inlcude:a.example, ip4: 192.0.2.1\tip4=192.0.2.2 -al']);
  assert.deepEqual(slips, [
    'it has tabs or other characters instead of blanks',
    'it has commas or semicolons',
    '“ip4: 192.0.2.1”: a blank stands inside the term',
    '“inlcude:a.example”: there is no mechanism inlcude; read as include:a.example',
    '“ip4=192.0.2.2”: receivers ignore ip4=, because it is written ip4:; read as ip4:192.0.2.2',
    '“-al”: there is no mechanism al; read as -all',
  ]);
});

test('a record without slips is read as it is', () => {
  const word = fc.constantFrom(
    ...['a', 'mx', '-ip4:192.0.2.1', 'ip6:2001:db8::/32', 'include:_spf.a.example', 'x=1'],
    ...['exists:%{ir}.%{v}._spf.%{d2}', 'a:b.example/24//64', '?ptr', 'exp=e.example', '~all'],
  );
  fc.assert(
    fc.property(fc.uniqueArray(word, { maxLength: 8 }), fc.nat(), (words, at) => {
      const text = ['v=spf1', ...words].join(' ');
      const cut = 1 + (at % text.length);
      const { records, slips, unread } = readLenientSpf([text.slice(0, cut), text.slice(cut)]);
      const strict = parseSpf(text);
      assert.ok(strict.ok);
      assert.deepEqual([records.map(printSpf), slips, unread], [[printSpf(strict.value)], [], []]);
    }),
  );
});

test('64 KB of anything that could make it slow take no time (slow)', () => {
  const parts = [
    'a',
    '/1',
    '%{',
    '.',
    '1',
    '"',
    ',',
    ' ',
    'a ',
    'include:',
    ': ',
    '-all',
    '\\',
    ';a.',
    '%20a',
    '(',
    "' ",
  ];
  const { ms } = timed(() => {
    for (const part of parts) {
      for (const head of ['', 'ip4:', 'include:', 'a:x.']) {
        const text = `v=spf1 ${head}${part.repeat(64_000 / part.length)}`;
        readLenientSpf([text]);
        readLenientSpf([text.slice(0, 255), text.slice(255)]);
      }
    }
  });
  assert.ok(ms < 10_000, `${ms} ms`);
});

test('64 KB in many short strings take no time', () => {
  const { ms } = timed(() => {
    for (const part of ['a', ':', 'include:', 'https://', '%{i}']) {
      const text = `v=spf1 exists:${part.repeat(60_000 / part.length)}`;
      for (const size of [1, 7]) {
        const strings = text.match(new RegExp(`.{1,${size}}`, 'g')) ?? [];
        for (const apart of [false, true]) readLenientSpf(strings, apart);
      }
    }
  });
  assert.ok(ms < 10_000, `${ms} ms`);
});

test('a word that is too long for a name is not read, and named', () => {
  const word = `include:${'a.'.repeat(1_000)}example`;
  const { records, unread } = readLenientSpf([`v=spf1, mx ${word} ~all`]);
  assert.deepEqual(records.map(printSpf), ['v=spf1 mx ~all']);
  assert.match(unread.join(), /it has more than 1024 characters$/);
});
