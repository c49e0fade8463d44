/** Links and attachments of messages as programs write them, and of messages made to harm. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { timed } from '../../../test/processor-time.ts';
import { type Content, type ContentFields, contentBytesMax, readContent } from './read-content.ts';

const scratch = Buffer.alloc(contentBytesMax);
const plain: ContentFields = { type: '', encoding: '', disposition: '' };

function read(body: string | Buffer, fields: Partial<ContentFields> = {}): Content {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return readContent(bytes, { ...plain, ...fields }, scratch);
}
const links = (body: string | Buffer, fields: Partial<ContentFields> = {}): readonly string[] =>
  read(body, fields).links;
const html = { type: 'text/html; charset=utf-8' };
const lines = (...all: readonly string[]): string => all.join('\r\n');

const texts: readonly (readonly [name: string, text: string, hosts: readonly string[]])[] = [
  ['in any case', 'See HTTP://Shop.Example/a and hTTps://b.example', ['shop.example', 'b.example']],
  ['once each', 'http://a.example/1 http://A.example/2', ['a.example']],
  [
    'in brackets and in front of marks',
    '(http://a.example), <http://b.example>.',
    ['a.example', 'b.example'],
  ],
  [
    'with a name, a port, and a query',
    'http://a.example:b@c.example:80?d=@e.example',
    ['c.example'],
  ],
  ['with semicolons in the name', 'http://bank.example;x@thief.example', ['thief.example']],
  ['behind a backslash', 'http://a.example\\@b.example', ['a.example']],
  ['with a dot at the end', 'at http://a.example. Yes', ['a.example']],
  ['with escapes', 'http://th%69ef%2eexample', ['thief.example']],
  ['with wide characters', 'http://ｔｈｉｅｆ。example', ['thief.example']],
  ['of another script', 'http://Müller.example', ['müller.example']],
  ['an address', 'http://192.0.2.1/ http://[2001:DB8::1]:80/', ['192.0.2.1', '[2001:db8::1]']],
  ['other schemes', 'ftp://a.example xhttp:// mailto:b@c.example ://d.example', []],
  ['nothing behind the slashes', 'http:///a http://', []],
];
for (const [name, text, hosts] of texts) {
  test(`links: ${name}`, () => assert.deepEqual(links(text), hosts));
}

test('quoted-printable: soft breaks, escapes, and what is broken', () => {
  const fields = { type: 'text/html', encoding: ' Quoted-Printable ' };
  const body = lines('<a href=3D"http=3A//a.ex=', 'ample/">=', 'x =ZZ = http://b.=C3=A9xample =');
  assert.deepEqual(links(body, fields), ['a.example', 'b.éxample']);
});

test('base64, also of UTF-16', () => {
  const fields = { type: 'text/plain', encoding: 'base64' };
  const encoded = (text: string, charset: BufferEncoding): string =>
    Buffer.from(text, charset).toString('base64').replace(/.{76}/g, '$&\r\n');
  assert.deepEqual(links(encoded(`${'x'.repeat(99)} http://a.example`, 'utf8'), fields), [
    'a.example',
  ]);
  assert.deepEqual(links(encoded('Go: http://a.example/ now', 'utf16le'), fields), ['a.example']);
  assert.deepEqual(links('!!!', fields), []);
});

test('references of HTML that hide a link', () => {
  const body =
    '&#8217; <a href="http&#58;&#x2F;/&#000116;hief.example">&#39; &#; &#x; &#99999999999;';
  assert.deepEqual(links(body, html), ['thief.example']);
  assert.deepEqual(links(body), [], 'text shows them as they are');
});

const mixed = lines(
  'Not shown: http://preamble.example',
  '--X',
  'Content-Type: multipart/alternative;',
  '\tboundary="Y"',
  '',
  '--Y',
  '',
  'See http://plain.example',
  '--Y ',
  'content-type: TEXT/html',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  '<a href=3D"http://html.example">',
  '--Y--',
  '--X',
  'Content-Type: application/octet-stream; name="old.bin"',
  'Content-Disposition: attachment; filename*0="report.";',
  ' filename*1="docx"',
  'Content-Transfer-Encoding: base64',
  '',
  'aHR0cDovL2F0dGFjaGVkLmV4YW1wbGU=',
  '--X',
  'Content-Type: image/jpeg',
  '',
  'http://image.example',
  '--X',
  'Content-Type: message/rfc822',
  '',
  'Subject: forwarded',
  'Content-Type: text/plain',
  '',
  'http://forwarded.example',
  '--X',
  'Content-Type: text/plain; name=notes.txt',
  '',
  'http://notes.example',
  '--X--',
  'http://epilogue.example',
);

test('parts of parts, attachments, forwarded mail', () => {
  const type = 'multipart/mixed; boundary=X';
  const found = {
    links: ['plain.example', 'html.example', 'forwarded.example', 'notes.example'],
    attachments: ['docx', 'jpg', 'eml', 'txt'],
  };
  assert.deepEqual(read(mixed, { type }), found);
  assert.deepEqual(read(mixed.replaceAll('\r\n', '\n'), { type }), found);
});

test('a message that is an attachment as a whole', () => {
  assert.deepEqual(read('x', { type: 'application/pdf' }).attachments, ['pdf']);
  assert.deepEqual(read('x', { type: 'application/x-zip-compressed' }).attachments, ['zip']);
  assert.deepEqual(read('x', { type: 'text/plain', disposition: 'attachment' }).attachments, [
    'txt',
  ]);
  assert.deepEqual(read('x', { type: 'text/plain; charset=utf-8' }).attachments, []);
  assert.deepEqual(read('x', { type: 'application/\0\n' }).attachments, ['bin']);
});

test('boundaries that never come: what programs show is read', () => {
  const type = 'multipart/mixed; boundary="none"';
  assert.deepEqual(links('text http://a.example', { type }), ['a.example']);
  assert.deepEqual(links('text http://a.example', { type: 'multipart/mixed' }), ['a.example']);
  assert.deepEqual(links('a --none\r\n\r\nhttp://a.example', { type }), ['a.example']);
});

test('no more than the limits', () => {
  const many = Array.from({ length: 500 }, (_, nth) => `http://h${nth}.example`).join(' ');
  assert.equal(links(many).length, 50);
  const part = (nth: number): string => `--X\r\nContent-Type: a/k${nth}\r\n\r\nx\r\n`;
  const parts = Array.from({ length: 900 }, (_, nth) => part(nth)).join('');
  assert.equal(read(parts, { type: 'multipart/mixed; boundary=X' }).attachments.length, 50);
  assert.deepEqual(links(`${'x'.repeat(contentBytesMax)} http://late.example`), []);
});

/** Deep, long, without ends: each would be slow if a step were repeated without a limit. */
function hostile(): readonly (readonly [string | Buffer, ContentFields])[] {
  const full = (unit: string): string => unit.repeat(Math.ceil(contentBytesMax / unit.length));
  const multipart = { ...plain, type: 'multipart/mixed; boundary="-"' };
  const deep = Array.from(
    { length: 2_000 },
    (_, nth) => `--b${nth}\r\nContent-Type: multipart/x; boundary=b${nth + 1}\r\n\r\n`,
  ).join('');
  const all: (readonly [string | Buffer, ContentFields])[] = [
    [deep, { ...plain, type: 'multipart/x; boundary=b0' }],
    [full('-'), multipart],
    [full('---\n'), multipart],
    [full('x---'), multipart],
    [`--X\n${full('Content-Type: ')}`, { ...plain, type: 'multipart/mixed; boundary=X' }],
    [`--X\n${full(' \n')}`, { ...plain, type: 'multipart/mixed; boundary=X' }],
    [`--X\nContent-Type: ${full('a;\n ')}`, { ...plain, type: 'multipart/mixed; boundary=X' }],
    [Buffer.alloc(contentBytesMax), plain],
    [Buffer.alloc(contentBytesMax, 0xff), html as ContentFields],
  ];
  for (const unit of [
    'http://',
    'http://a@',
    'http://%',
    '://',
    '=',
    '=3',
    '&#',
    '&#1',
    '&#58;',
    'http://[',
    '\0',
    '\r',
    'aGk',
  ]) {
    for (const encoding of ['', 'quoted-printable', 'base64']) {
      all.push([full(unit), { ...plain, type: 'text/html', encoding }]);
    }
  }
  all.push([Buffer.from(full('http://a.example '), 'utf16le'), { ...plain, type: 'text/html' }]);
  return all;
}

test('hostile bodies cost little each, and never throw', () => {
  for (const [body, fields] of hostile()) {
    const { ms } = timed(() => {
      const found = read(body, { ...plain, ...fields });
      assert.ok(found.links.length <= 50 && found.attachments.length <= 50);
    });
    // Usually below 5 ms; this machine may be busy.
    assert.ok(ms < 200, `${ms} ms: ${String(body).slice(0, 40)}`);
  }
});

test('any structure is read', () => {
  const piece = fc.constantFrom(
    ...[
      '--X',
      '--X--',
      '\r\n',
      '\n',
      'Content-Type: ',
      'multipart/mixed; boundary=',
      'X',
      'Y',
      ' ',
    ],
    ...['text/html', 'message/rfc822', 'Content-Transfer-Encoding: base64', 'quoted-printable'],
    ...['http://a.example', '=', '&#58;', '\0', ':', ';', '"', 'Content-Disposition: attachment'],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), fc.boolean(), (pieces, isMultipart) => {
      const type = isMultipart ? 'multipart/mixed; boundary=X' : 'text/html';
      const found = read(pieces.join(''), { type });
      assert.ok(found.links.every((host) => host !== ''));
    }),
    { numRuns: 500 },
  );
});
