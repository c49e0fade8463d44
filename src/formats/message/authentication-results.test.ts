import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type AuthenticationResults,
  isForged,
  parseAuthenticationResults,
  printAuthenticationResults,
  type ResultInfo,
  type ResultProperty,
} from './authentication-results.ts';

function read(text: string): AuthenticationResults {
  const found = parseAuthenticationResults(text);
  assert.ok(found.ok, found.ok ? '' : found.error);
  return found.value;
}
/** One line a result, as a person would note it. */
function noted(text: string): readonly string[] {
  const { authservId, version, results } = read(text);
  const versionOf = (number: number | undefined): string =>
    number === undefined ? '' : `/${number}`;
  return [
    `${authservId}${version === undefined ? '' : ` ${version}`}`,
    ...results.map((info) =>
      [
        `${info.method}${versionOf(info.methodVersion)}=${info.result}`,
        ...(info.comment === undefined ? [] : [`(${info.comment})`]),
        ...(info.reason === undefined ? [] : [`because ${info.reason}`]),
        ...info.properties.map(({ type, name, value }) => `${type}.${name}:${value}`),
      ].join(' '),
    ),
  ];
}

const fields: readonly (readonly [string, string, readonly string[]])[] = [
  ['nothing was checked', ' example.org 1; none', ['example.org 1']],
  ['none, with a remark', 'example.org;none (no time)', ['example.org']],
  [
    'one result',
    ' example.com;\r\n\tspf=pass smtp.mailfrom=example.net',
    ['example.com', 'spf=pass smtp.mailfrom:example.net'],
  ],
  [
    'remarks everywhere',
    ' foo.example.net (foobar) 1 (baz);\n dkim (Because I like it) / 1 (One yay) = (wait for ' +
      'it) fail\n policy (A dot can go here) . (like that) expired\n (this surprised me) = (as ' +
      "I wasn't expecting it) 1362471462",
    ['foo.example.net 1', 'dkim/1=fail policy.expired:1362471462'],
  ],
  [
    'a large mailbox provider',
    ' mx.google.com;\r\n       dkim=pass header.i=@example.org header.s=mail ' +
      'header.b="ab/c+d=";\r\n       spf=pass (google.com: domain of a@example.org designates ' +
      '192.0.2.1 as permitted sender) smtp.mailfrom=a@example.org;\r\n       dmarc=pass ' +
      '(p=REJECT sp=REJECT dis=NONE) header.from=example.org',
    [
      'mx.google.com',
      'dkim=pass header.i:@example.org header.s:mail header.b:ab/c+d=',
      'spf=pass (google.com: domain of a@example.org designates 192.0.2.1 as permitted ' +
        'sender) smtp.mailfrom:a@example.org',
      'dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from:example.org',
    ],
  ],
  [
    'a word without a type, and base64 without quotes',
    'mx.example; dmarc=pass action=none header.from=x.example; compauth=pass reason=100; ' +
      'dkim=pass header.b=ab/c+d=;',
    [
      'mx.example',
      'dmarc=pass .action:none header.from:x.example',
      'compauth=pass because 100',
      'dkim=pass header.b:ab/c+d=',
    ],
  ],
  [
    'quotes',
    String.raw`"a name"; auth=pass reason="it \"was\" so" ` +
      'smtp.auth="a b"@example.org smtp.mailfrom=""',
    ['a name', 'auth=pass because it "was" so smtp.auth:"a b"@example.org smtp.mailfrom:'],
  ],
  [
    'capitals',
    'EXAMPLE.org; SPF=Pass SMTP.MailFrom=A@B',
    ['EXAMPLE.org', 'spf=pass smtp.mailfrom:A@B'],
  ],
  [
    'nested remarks',
    String.raw`example.org; spf=pass (a (b) \( c)`,
    ['example.org', 'spf=pass (a (b) ( c)'],
  ],
];
for (const [name, text, wanted] of fields) {
  test(`Authentication-Results: ${name}`, () => {
    assert.deepEqual(noted(text), wanted);
    assert.deepEqual(read(printAuthenticationResults(read(text))), read(text));
  });
}

const refused: readonly (readonly [string, string])[] = [
  ['', 'no authserv-id'],
  ['; spf=pass', 'no authserv-id'],
  ['(never ends', 'a comment that does not end'],
  ['spf=pass (sender) smtp.mailfrom=a', '“=pass (sender) smtp.” where “;” belongs'],
  ['example.org; spf', 'spf without a result'],
  ['example.org; spf=pass ???', '“???” where a property belongs'],
  ['example.org; none; spf=pass', 'results beside “none”'],
  [`example.org; ${'spf=pass;'.repeat(101)}`, 'more than 100 results'],
  [`example.org; spf=pass ${'a.b=c '.repeat(51)}`, 'more than 50 properties'],
  [`example.org; spf=pass ${'('.repeat(50)}`, 'a comment that does not end'],
  [`example.org; spf=pass ${' '.repeat(40_000)}`, 'longer than 32768 characters'],
];
for (const [text, error] of refused) {
  test(`no Authentication-Results: ${text.slice(0, 40)}`, () =>
    assert.deepEqual(parseAuthenticationResults(text), { ok: false, error }));
}

const claims: readonly (readonly [string, boolean])[] = [
  [' mail.example.org; spf=pass', true],
  ['\r\n\tMAIL.Example.ORG;\r\n\tspf=pass', true],
  [' mail.example.org 1; none', true],
  [' (c) (d (e)) mail.example.org', true],
  [' "mail.example.org"; spf=pass', true],
  [String.raw` "mail\.example.org" 1; spf=pass`, true],
  [' mail.example.org/1; spf=pass', true],
  [' mail.example.org.; spf=pass', true],
  [' mail.example.org spf=pass', true],
  [' mail.example.org=spf', true],
  [' "mail.example.org; spf=pass', true],
  [' (mail.example.org; spf=pass', true],
  [' mail.example.org\u0000; spf=pass', true],
  [' other.example.org; spf=pass smtp.mailfrom=mail.example.org', false],
  [' mail.example.org.evil.example; spf=pass', false],
  [' notmail.example.org; spf=pass', false],
  [' spf=pass smtp.mailfrom=a@mail.example.org', false],
  [' (mail.example.org) other.example; spf=pass', false],
  ['', false],
];
for (const [text, wanted] of claims) {
  test(`claims our name ${wanted}: ${JSON.stringify(text)}`, () =>
    assert.equal(isForged(text, 'mail.example.org'), wanted));
}

test('a huge field is judged by its name, at once', () => {
  const tail = '; spf=pass (((("'.repeat(500_000);
  assert.equal(isForged(`mail.example.org${tail}`, 'mail.example.org'), true);
  assert.equal(isForged(`other.example.org${tail}`, 'mail.example.org'), false);
  assert.equal(isForged(`"${'.'.repeat(500_000)}x"`, 'mail.example.org'), false);
  assert.equal(isForged('('.repeat(2_000_000), 'mail.example.org'), false);
  assert.equal(isForged(`${'(x)'.repeat(500_000)} mail.example.org`, 'mail.example.org'), true);
});

test('what is printed stays within 78 columns, a result on lines of its own', () => {
  const text = printAuthenticationResults({
    authservId: 'mail.example.org',
    results: [
      {
        method: 'spf',
        result: 'pass',
        comment: '192.0.2.1 may send for example.org: the term ip4:192.0.2.0/24 matched it there',
        properties: [
          { type: 'smtp', name: 'mailfrom', value: 'joe+"x"@example.org' },
          { type: 'smtp', name: 'helo', value: 'out.example.org' },
        ],
      },
      {
        method: 'dkim',
        result: 'fail',
        reason: 'the body was changed',
        properties: [{ type: 'header', name: 'b', value: 'ab/c+d=' }],
      },
    ],
  });
  assert.equal(
    text,
    ` mail.example.org;
\tspf=pass (192.0.2.1 may send for example.org: the term
\tip4:192.0.2.0/24 matched it there)
\tsmtp.mailfrom="joe+\\"x\\"@example.org" smtp.helo=out.example.org;
\tdkim=fail reason="the body was changed" header.b="ab/c+d="`,
  );
});

const word = fc.stringMatching(/^[a-z0-9_-]{1,12}$/);
/** Octets that a field may hold. */
const octets = fc
  .array(fc.integer({ min: 0x20, max: 0xff }), { maxLength: 60 })
  .map((codes) => String.fromCharCode(...codes.filter((code) => code < 0x7f || code > 0x9f)));
const anyValue = fc.oneof(
  octets,
  word,
  fc.constantFrom(
    '',
    'a@b.example',
    '@example.org',
    '"a b"@x',
    'SRS0=a=b=c=d@e.example',
    '"',
    '\\',
  ),
);
const property: fc.Arbitrary<ResultProperty> = fc
  .record(
    { type: fc.oneof(word, fc.constant('')), name: word, value: anyValue },
    { noNullPrototype: true },
  )
  .filter(({ type, name }) => type !== '' || name !== 'reason');
const comment = octets
  .map((text) => text.replace(/\s+/g, ' ').trim())
  .filter((text) => text !== '');
const info: fc.Arbitrary<ResultInfo> = fc.record(
  {
    method: word.filter((name) => name !== 'none'),
    methodVersion: fc.nat({ max: 99 }),
    result: word,
    comment,
    reason: anyValue,
    properties: fc.array(property, { maxLength: 5 }),
  },
  { requiredKeys: ['method', 'result', 'properties'], noNullPrototype: true },
);
const whole: fc.Arbitrary<AuthenticationResults> = fc.record(
  {
    authservId: fc.oneof(
      word,
      octets.filter((text) => text !== ''),
    ),
    version: fc.nat({ max: 99 }),
    results: fc.array(info, { maxLength: 4 }),
  },
  { requiredKeys: ['authservId', 'results'], noNullPrototype: true },
);

test('what was printed is read as it was, and no line is longer than its words make it', () => {
  fc.assert(
    fc.property(whole, (results) => {
      const text = printAuthenticationResults(results);
      assert.deepEqual(read(text), results);
      assert.deepEqual(read(text.replaceAll('\n', '\r\n')), results);
      for (const line of `Authentication-Results:${text}`.split('\n')) {
        const shown = line.replace('\t', ' '.repeat(8));
        assert.ok(shown.length <= 78 || !/\S [^\s"]+$/.test(line), line);
      }
    }),
  );
});

test('whatever stands there, reading never throws, and what was read can be printed', () => {
  const part = fc.oneof(
    fc.string({ maxLength: 20 }),
    fc.constantFrom('; spf=pass', ' smtp.mailfrom=', '(', ')', '"', '\\', '\r\n\t', ' reason=x'),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const latin = Buffer.from(`mx.example${parts.join('')}`).toString('latin1');
      isForged(latin, 'mx.example');
      const found = parseAuthenticationResults(latin);
      if (found.ok) assert.deepEqual(read(printAuthenticationResults(found.value)), found.value);
    }),
  );
});
