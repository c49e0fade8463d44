/** Address books and sent mail of each kind: what programs write, and what somebody may send in. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { contactOf, FoundContacts, type LeftOutWhy } from './found.ts';
import { type ContactKind, contactKind, contactKinds, openContacts } from './kind.ts';
import { mailboxes } from './mailboxes.ts';

/** Reads text, in pieces of `bytes`, as the kind that it looks like, or as `kind`. */
function read(text: string | Buffer, kind?: ContactKind, bytes = 7): FoundContacts {
  const whole = Buffer.from(text);
  const found = new FoundContacts();
  const is = kind ?? contactKind(whole.toString('latin1').slice(0, 4_096));
  const reader = openContacts(is, found);
  for (let at = 0; at < whole.length; at += bytes) reader.take(whole.subarray(at, at + bytes));
  reader.end();
  return found;
}

const addresses = (found: FoundContacts): readonly string[] => [...found.addresses];
const left = ({ leftOut }: FoundContacts): Partial<Record<LeftOutWhy, number>> =>
  Object.fromEntries(Object.entries(leftOut).filter(([, count]) => count > 0));

describe('an address list', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['a@b.test', ['a@b.test']],
    ['"Doe, Joe" <joe@b.test>, Ann <ann@b.test>', ['joe@b.test', 'ann@b.test']],
    ['"a \\"quoted, name\\"" <joe@b.test>', ['joe@b.test']],
    [
      '=?utf-8?q?M=C3=BCller=2C_A?= <a@b.test>, =?utf-8?b?w7w=?= <c@b.test>',
      ['a@b.test', 'c@b.test'],
    ],
    ['Friends: a@b.test, "x" <c@b.test>;, d@b.test', ['a@b.test', 'c@b.test', 'd@b.test']],
    ['undisclosed-recipients:;', []],
    ['a@b.test (he (nested, again) said), c@b.test', ['a@b.test', 'c@b.test']],
    ['"odd, local"@b.test; <@relay.test:e@b.test>', ['"odd, local"@b.test', 'e@b.test']],
    ['user@[192.0.2.1], u@[IPv6:2001:db8::1]', ['user@[192.0.2.1]', 'u@[ipv6:2001:db8::1]']],
    ['JOE@B.Test., <joe@b.test', ['joe@b.test']],
  ];
  for (const [text, expected] of cases) {
    test(text, () => {
      const keys = mailboxes(text).map(contactOf);
      assert.deepEqual([...new Set(keys)], expected);
    });
  }

  for (const text of [
    ...['Joe', 'joe@', '@b.test', 'joe@localhost', 'a b@c.test', 'a\0b@c.test', 'a@b\u202e.test'],
    ...['/o=Exchange/cn=joe', 'a@b..test', 'a@-', `${'a'.repeat(400)}@b.test`, 'a@b.test/', ''],
  ]) {
    test(`no mail can be sent to ${JSON.stringify(text.slice(0, 30))}`, () => {
      assert.equal(contactOf(text), undefined);
    });
  }

  test('whatever the text is, it is read to its end', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab@.<>"\\(),;:[] \0\n') }), (text) => {
        for (const one of mailboxes(text)) assert.ok(one.trim() !== '');
      }),
    );
  });
});

describe('vCards', () => {
  test('versions 2.1, 3.0 and 4.0, folded lines, groups, photos', () => {
    const found = read(
      [
        'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Joe\r\nitem1.EMAIL;type=INTERNET:Joe@B.test\r\n',
        'EMAIL;TYPE=work:second@b.\r\n test\r\nPHOTO;ENCODING=b:AAAA\r\n BBBB\r\nEND:VCARD\r\n',
        'BEGIN:VCARD\nVERSION:4.0\nEMAIL;PREF=1;X-A="a:b;c":mailto:ann@b.test\nEND:VCARD\n',
        'BEGIN:VCARD\nVERSION:2.1\nEMAIL;INTERNET;ENCODING=QUOTED-PRINTABLE:kim=40b.=\ntest\n',
        'END:VCARD\nBEGIN:VCARD\nFN:Nobody\nTEL:1\nEND:VCARD\n',
        'BEGIN:VCARD\nEMAIL:no address\nNOTE:write to note@b.test\nEND:VCARD',
      ].join(''),
    );
    const all = ['joe@b.test', 'second@b.test', 'ann@b.test', 'kim@b.test'];
    assert.deepEqual(addresses(found), all);
    assert.equal(found.entries, 5);
    assert.deepEqual(left(found), { without: 1, noAddress: 1 });
  });

  test('a card that never ends, a line of 4 MB, NULs', () => {
    const long = 'x'.repeat(4 * 1024 * 1024);
    const card = `BEGIN:VCARD\nEMAIL:a@b.test\nPHOTO:${long}\nEMAIL:\0bad@b.test\nEMAIL:${long}\n`;
    const found = read(`${card}BEGIN:VCARD\nEMAIL:c@b.test`, undefined, 65_536);
    assert.deepEqual(addresses(found), ['a@b.test', 'c@b.test']);
    assert.deepEqual(left(found), { noAddress: 1 });
  });

  test('a property that is folded without an end stays small', () => {
    const found = read(`BEGIN:VCARD\nEMAIL:a@b.test\n${' x\n'.repeat(100_000)}`, 'vcard', 65_536);
    assert.deepEqual(left(found), { noAddress: 1 });
  });
});

describe('CSV', () => {
  test('Thunderbird: two columns of addresses, screen names and notes besides', () => {
    const found = read(
      'First Name,Last Name,Display Name,Nickname,Primary Email,Secondary Email,Screen Name,' +
        'Notes\n' +
        'Joe,Weber,"Weber, Joe",,joe@b.test,joe2@b.test,joe@chat.test,"see x@note.test\nsecond"\n' +
        'Ann,,,,ann@b.test,,,\n',
    );
    assert.deepEqual(addresses(found), ['joe@b.test', 'joe2@b.test', 'ann@b.test']);
    assert.equal(found.entries, 2);
  });

  test('Outlook in German, with types, display names, X.500 names; semicolons; Latin-1', () => {
    const text =
      '"Anrede";"Vorname";"E-Mail-Adresse";"E-Mail-Typ";"E-Mail: Angezeigter Name"\r\n' +
      '"";"J\xfcrg";"juerg@b.test";"SMTP";"J\xfcrg (juerg@b.test)"\r\n' +
      '"";"Eva";"/o=Firma/cn=eva";"EX";"Eva"\r\n';
    const found = read(Buffer.from(text, 'latin1'));
    assert.deepEqual(addresses(found), ['juerg@b.test']);
    assert.deepEqual(left(found), { noAddress: 1 });
  });

  test('Gmail: several addresses in one cell', () => {
    const found = read(
      'Name,E-mail 1 - Type,E-mail 1 - Value,IM 1 - Value\n' +
        'Joe,* Home,joe@b.test ::: joe@c.test,joe@jabber.test\n',
    );
    assert.deepEqual(addresses(found), ['joe@b.test', 'joe@c.test']);
  });

  test('without headings, tabs, a byte order mark, Excel’s first line', () => {
    assert.deepEqual(addresses(read('\ufeffJoe\tjoe@b.test\nAnn\tann@b.test\n')), [
      'joe@b.test',
      'ann@b.test',
    ]);
    assert.deepEqual(addresses(read('sep=;\nname;mail\nJoe;joe@b.test\n', 'csv')), ['joe@b.test']);
    assert.deepEqual(addresses(read('E-mail\r\njoe@b.test\r\n')), ['joe@b.test']);
  });

  test('nested quotes, and quotes inside of a cell', () => {
    const found = read(
      'name,mail\n"a ""b"", c","""Joe, W"" <joe@b.test>"\nfive" nails,ann@b.test\n',
      'csv',
      1,
    );
    assert.deepEqual(addresses(found), ['joe@b.test', 'ann@b.test']);
  });

  test('a quote that never ends costs its row, a line of 4 MB costs itself', () => {
    const long = 'x'.repeat(4 * 1024 * 1024);
    const rows = `name,mail\nJoe,joe@b.test\n${long},lost@b.test\nAnn,ann@b.test\n`;
    const found = read(`${rows}"open,kim@b.test\n`, 'csv', 65_536);
    assert.deepEqual(addresses(found), ['joe@b.test', 'ann@b.test']);
    assert.equal(found.leftOut.damaged, 2);
    const open = read(`mail\na@b.test\n"${'y\n'.repeat(70_000)}c@b.test\n`, 'csv', 65_536);
    assert.deepEqual(addresses(open), ['a@b.test', 'c@b.test'], 'it goes on at a line end');
  });

  test('columns without an end, and a table without addresses', () => {
    assert.equal(read(`mail\n${','.repeat(100_000)}a@b.test\n`, 'csv', 65_536).leftOut.damaged, 1);
    const none = read('name,phone\nJoe,1\nAnn,2\n');
    assert.deepEqual([none.entries, left(none)], [2, { without: 2 }]);
  });
});

describe('sent mail', () => {
  const message = (to: string): string =>
    `From: me@here.test\nTo: ${to}\nSubject: To: nobody@b.test\n\nTo: body@b.test\n`;

  test('an mbox: To, Cc and Bcc, folded; the body is not read', () => {
    const found = read(
      'From me@here.test Mon Jan  5 10:00:00 2026\nTo: a@b.test,\n\t"B, C" <b@b.test>\n' +
        'Cc: Friends: c@b.test,d@b.test;\nBCC: e@b.test\nX-To: x@b.test\n\nHi\n\nFrom here on\n' +
        'To: body@b.test\n\n>From me@here.test Mon Jan  5 10:00:00 2026\nTo: quoted@b.test\n\n' +
        `From me@here.test Tue Jan  6 10:00:00 2026\n${message('f@b.test')}`,
    );
    const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}@b.test`);
    assert.deepEqual(addresses(found), all);
    assert.equal(found.entries, 2);
  });

  test('mail that was delivered was not sent', () => {
    const found = read(
      `From x Mon Jan  5 10:00:00 2026\nDelivered-To: me@here.test\n${message('other@b.test')}\n` +
        `From x Mon Jan  5 10:00:00 2026\n${message('a@b.test')}`,
    );
    assert.deepEqual(addresses(found), ['a@b.test']);
    assert.deepEqual(left(found), { received: 1 });
  });

  test('one message alone, with CRLF, or cut off in its header', () => {
    const crlf = message('a@b.test').replaceAll('\n', '\r\n');
    assert.deepEqual(addresses(read(crlf)), ['a@b.test']);
    assert.deepEqual(addresses(read('Subject: x\nTo: a@b.test', 'message')), ['a@b.test']);
  });

  test('a long line in a body counts for nothing, in a header it does', () => {
    const body = `${message('a@b.test')}${'x'.repeat(30_000)}\nlast\n`;
    const begin = 'From x Mon Jan  5 10:00:00 2026\n';
    for (const size of [65_536, 1_000_000]) {
      const one = read(body, 'message', size);
      assert.deepEqual([addresses(one), left(one)], [['a@b.test'], {}]);
      const all = read(`${begin}${body}\n${begin}${message('b@b.test')}`, 'mbox', size);
      assert.deepEqual([addresses(all), left(all)], [['a@b.test', 'b@b.test'], {}]);
      const long = read(`To: ${'x'.repeat(300_000)}\n${body}`, 'message', size);
      assert.deepEqual(left(long), { tooLong: 1 });
    }
  });

  test('a field without an end, a line of 4 MB, headers of NULs', () => {
    const folds = ` x@b.test,\n`.repeat(60_000);
    const begin = 'From x Mon Jan  5 10:00:00 2026\n';
    const long = `${begin}To: ${'y'.repeat(4 * 1024 * 1024)}\nCc: c@b.test\n\n`;
    const found = read(
      `${begin}To: a@b.test,\n${folds}\n${long}${begin}To: \0@b.test\n\n`,
      'mbox',
      65_536,
    );
    assert.deepEqual(addresses(found), ['c@b.test']);
    assert.deepEqual(left(found), { without: 1, noAddress: 1, tooLong: 2 });
  });
});

describe('lists', () => {
  test('one in a line, many in a line, names, comments', () => {
    const found = read(
      '# my people\na@b.test\n\nJoe <c@b.test>\nd@b.test, e@b.test;f@b.test g@b.test\nnobody\n',
    );
    const all = ['a', 'c', 'd', 'e', 'f', 'g'].map((name) => `${name}@b.test`);
    assert.deepEqual(addresses(found), all);
    assert.deepEqual(left(found), { noAddress: 1 });
  });

  test('20,000 addresses in a single line; a line of 8 MB is left out', () => {
    const line = Array.from({ length: 20_000 }, (_, nth) => `friend${nth}@world.test`).join(', ');
    assert.equal(read(line, 'list', 65_536).addresses.size, 20_000);
    const found = read(`${'z'.repeat(8 * 1024 * 1024)}\na@b.test\n`, 'list', 65_536);
    assert.deepEqual([addresses(found), left(found)], [['a@b.test'], { tooLong: 1 }]);
  });

  test('LDIF: mail attributes, base64, folded', () => {
    const found = read(
      'version: 1\ndn: cn=Joe,mail=joe@b.test\nmail: joe@b.test\nmozillaSecondEmail:: ' +
        `${Buffer.from('two@b.test').toString('base64')}\ndescription: x@b.test\n\n` +
        'dn: cn=Ann\nmail: ann@b.\n test\n',
    );
    assert.deepEqual(addresses(found), ['joe@b.test', 'two@b.test', 'ann@b.test']);
    assert.equal(found.entries, 2);
  });

  test('no more addresses than 100,000 are kept', () => {
    const lines = Array.from({ length: 100_003 }, (_, nth) => `f${nth}@w.test`).join('\n');
    const found = read(lines, 'list', 65_536);
    assert.deepEqual([found.addresses.size, left(found)], [100_000, { full: 3 }]);
  });
});

test('what a file is shows at its beginning', () => {
  const cases: readonly (readonly [string, ContactKind])[] = [
    ['\ufeffBEGIN:VCARD\r\n', 'vcard'],
    ['From me@here.test Mon Jan  5 10:00:00 2026\n', 'mbox'],
    ['Received: x\nTo: a@b.test\n\n', 'message'],
    ['dn: cn=x\n', 'ldif'],
    ['name,mail\n', 'csv'],
    ['Email Address\na@b.test\n', 'csv'],
    ['a@b.test,c@d.test\n', 'list'],
    ['a@b.test\n', 'list'],
    ['', 'list'],
  ];
  for (const [text, kind] of cases) assert.equal(contactKind(text), kind, text);
});

test('any bytes as any kind: read to the end, and every address is one', () => {
  const parts = [
    'BEGIN:VCARD\n',
    'EMAIL:',
    'a@b.test',
    '"',
    ',',
    ';',
    '\n',
    '\r\n',
    ' ',
    '\0',
    'To: ',
  ];
  const more = [
    '\xff',
    'From x 2026\n',
    'dn: ',
    'mail:: ',
    '=?',
    '(',
    '<',
    '\\',
    '=\n',
    ':::',
    '[',
    ':',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...contactKinds),
      fc.array(fc.constantFrom(...parts, ...more), { maxLength: 60 }),
      fc.integer({ min: 1, max: 40 }),
      (kind, pieces, bytes) => {
        const text = Buffer.from(pieces.join(''), 'latin1');
        const found = read(text, kind, bytes);
        for (const address of found.addresses) assert.equal(contactOf(address), address);
        assert.deepEqual(addresses(found), addresses(read(text, kind, 1_000)), 'however it is cut');
      },
    ),
    { numRuns: 300 },
  );
});
