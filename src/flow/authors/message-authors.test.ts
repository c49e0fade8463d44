/**
 * Mail of one tenant that shows the address of another, through the milter door and the message
 * path, with a real signer: no key of the other tenant signs it, whoever hands it over.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { submitter } from '../../../test/doubles/mail.ts';
import { scriptedRights } from '../../../test/doubles/rights.ts';
import { quietWorld } from '../../../test/doubles/world.ts';
import { Conversation, mta, RecordingGate } from '../../../test/mta/script.ts';
import type { AuthorsFinding } from '../../core/authors-finding.ts';
import { handoverField, handoverToken } from '../../core/scripts/handover-field.ts';
import { noRules } from '../../core/signing/choose.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import { domainOf } from '../../formats/message/address.ts';
import { firstMailbox } from '../../formats/message/header.ts';
import type { HandoverLookup } from '../../ports/handover.ts';
import { openSigning, type SigningSettings } from '../signing/message-signed.ts';
import { openAuthors } from './message-authors.ts';

const keyed = ['a.test', 'b.test', 'xn--bcher-kva.test', 'server.test'];
const keys = (domain: string): readonly SigningKey[] =>
  keyed.includes(domain)
    ? [
        {
          domain,
          selector: 's',
          algorithm: 'rsa-sha256',
          sign: (_data, done) => done(undefined, Buffer.from('x')),
        },
      ]
    : [];
const rules = {
  ...noRules,
  domains: new Map([
    ['shop.example', 'b.test'],
    ['*.shop.example', 'b.test'],
    ['quiet.b.test', 'off'],
  ]),
};

type Field = readonly [name: string, value: string];
type Way = 'login' | 'client' | 'script';

class Rig {
  readonly rights = scriptedRights();
  readonly settings: { -readonly [Name in keyof SigningSettings]: SigningSettings[Name] } = {
    enabled: true,
    rules,
    foreign: 'unsigned',
    lineLengthLimit: 998,
  };
  readonly seen: AuthorsFinding[] = [];
  readonly counted: string[] = [];
  readonly gate = new RecordingGate();
  readonly #authors = openAuthors({
    settings: this.settings,
    keys,
    rights: this.rights,
    foreign: (_message, finding) => void this.seen.push(finding),
    count: (name, _by, label) => void this.counted.push(`${name} ${label}`),
  });
  readonly #reading = openSigning({
    settings: this.settings,
    world: quietWorld(),
    sent: () => {},
  });

  /** The account of each way belongs to a.test. */
  constructor() {
    for (const way of ['client:192.0.2.7', scriptAccount] as const) {
      this.rights.allowed.set(`${way} joe@a.test`, 'declared');
    }
  }

  /** The domains that signed a message with these fields. */
  signers(fields: readonly Field[], way: Way = 'login', login = 'joe@a.test'): string {
    return this.send(fields, way, login).talk.heard().flatMap(signer).join(' ');
  }

  send(fields: readonly Field[], way: Way = 'login', login = 'joe@a.test') {
    const options = { mayRelay: () => true };
    const of = { authors: this.#authors };
    const talk = new Conversation(
      this.gate,
      options,
      this.#reading,
      undefined,
      way === 'script' ? handovers : undefined,
      of,
    );
    const from = way === 'script' ? mta.connect('127.0.0.1', 0, 'localhost') : mta.connect();
    talk.greet(undefined, from);
    const auth = way === 'login' ? { '{auth_authen}': login } : {};
    const own: readonly Field[] = way === 'script' ? [handedField] : [];
    talk.session.take(
      Buffer.concat([
        mta.macros('M', auth),
        mta.mail('<joe@a.test>'),
        mta.rcpt('<ann@there.example>', 'smtp'),
        mta.macros('T', { i: 'QUEUE1' }),
        ...[...own, ...fields].map(([name, value]) =>
          mta.header(name, Buffer.from(value).toString('latin1')),
        ),
        mta.body('Hello.\r\n'),
        mta.end('QUEUE1'),
      ]),
    );
    return { talk };
  }

  get judged() {
    const [last = assert.fail()] = this.gate.submitted.slice(-1);
    return last;
  }
}

const handedField: Field = (() => {
  const token = handoverToken(1_001, `1700000000000-${'a'.repeat(32)}`);
  const [name = '', value = ''] = handoverField(token, '0123456789abcdef').split(': ');
  return [name, value];
})();
const scriptAccount = 'script:/var/www/shop/contact.php';
const handovers: HandoverLookup = {
  submitterOf: () => submitter(),
  recognise: (_token, _which, answer) =>
    answer({ kind: 'counts', sender: '', written: { header: [], bodyStart: Buffer.of() } }),
  answered: () => {},
  unmarked: () => {},
};

/** The signing domain of an inserted signature. */
function signer({ command, text }: { readonly command: string; readonly text: string }): string[] {
  return command === 'i' ? [/ d=([^;]+);/.exec(text)?.[1] ?? '?'] : [];
}

const ways: readonly Way[] = ['login', 'client', 'script'];
const own: Field = ['From', ' Joe <joe@a.test>'];

test('own mail is signed, whoever hands it over, and asked about once', () => {
  for (const way of ways) {
    const rig = new Rig();
    assert.equal(rig.signers([own], way), 'a.test', way);
    assert.equal(rig.rights.asked.length, 1);
    assert.equal(rig.judged.message.authors, undefined);
  }
});

/** Fields that some mail program shows as mail of b.test, and who signs them for a.test. */
const tricks: readonly (readonly [name: string, fields: readonly Field[], signs: string])[] = [
  ['another tenant', [['From', ' The Boss <ceo@b.test>']], ''],
  ['in capitals', [['FROM', ' CEO@B.TEST']], ''],
  ['two From fields', [own, ['From', ' ceo@b.test']], ''],
  ['two, the other way round', [['From', ' ceo@b.test'], own], ''],
  ['`From :`', [['From ', ' ceo@b.test']], ''],
  ['`From<tab>:` besides', [own, ['From\t', ' ceo@b.test']], ''],
  ['two authors', [['From', ' joe@a.test, ceo@b.test']], ''],
  ['two authors in brackets', [['From', ' Joe <joe@a.test>, Boss <ceo@b.test>']], ''],
  ['two addresses without a comma', [['From', ' <ceo@b.test> <joe@a.test>']], ''],
  ['two domains in one', [['From', ' ceo@b.test@a.test']], ''],
  ['the other order', [['From', ' joe@a.test@b.test']], ''],
  ['one bracket in another', [['From', ' <ceo@b.test <joe@a.test>']], ''],
  ['an address behind a name', [['From', ' ceo@b.test<@a.test>']], ''],
  ['a group', [['From', ' Staff: joe@a.test, ceo@b.test;']], ''],
  ['a route', [['From', ' <@a.test:ceo@b.test>']], ''],
  ['a quoted local part', [['From', ' "joe@a.test,"@b.test']], ''],
  ['a comment in the address', [['From', ' ceo@(joe@a.test)b.test']], ''],
  ['folded', [['From', ' <ceo@b\n\t.test>']], ''],
  ['a zero octet', [['From', ' ceo@b.test\u0001.a.test']], ''],
  ['an encoded word alone', [['From', ' =?utf-8?q?ceo=40b=2Etest?=']], ''],
  ['an encoded word as local part', [['From', ' =?utf-8?q?ceo=40b=2Etest?=@a.test']], ''],
  ['an open quote', [['From', ' joe@a.test, "ceo@b.test']], ''],
  ['an open comment', [['From', ' joe@a.test (ceo@b.test']], ''],
  ['IDN as U-label', [['From', ' chef@bücher.test']], ''],
  ['IDN as A-label', [['From', ' chef@XN--BCHER-KVA.test']], ''],
  ['a name below the domain', [['From', ' ceo@mail.b.test']], ''],
  ['the table of signing', [['From', ' ceo@shop.example']], ''],
  ['the table, below', [['From', ' ceo@www.shop.example']], ''],
  [
    'Resent-From of its own',
    [
      ['From', ' ceo@b.test'],
      ['Resent-From', ' joe@a.test'],
    ],
    '',
  ],
  [
    'Sender of its own',
    [
      ['From', ' ceo@b.test'],
      ['Sender', ' joe@a.test'],
    ],
    '',
  ],
  ['a field for each of many', [own, ...many(30, (n) => ` x${n}@a.test`)], ''],
  [
    'many authors',
    [
      [
        'From',
        many(40, (n) => `x${n}@a.test`)
          .map(([, one]) => one)
          .join(','),
      ],
    ],
    '',
  ],
  ['longer than is read', [['From', ` ${'x '.repeat(9_000)}<joe@a.test>, ceo@b.test`]], ''],
  // Nobody is misled about the domain: these are signed for a.test, never for b.test.
  ['a display name', [['From', ' "ceo@b.test" <joe@a.test>']], 'a.test'],
  ['an encoded display name', [['From', ' =?utf-8?q?ceo=40b=2Etest?= <joe@a.test>']], 'a.test'],
  ['a comment', [['From', ' joe@a.test (ceo@b.test)']], 'a.test'],
  ['Sender', [own, ['Sender', ' ceo@b.test']], 'a.test'],
  ['Resent-From, Resent-Sender', [own, ['Resent-From', ' ceo@b.test']], 'a.test'],
];

function many(times: number, value: (nth: number) => string): readonly Field[] {
  return Array.from({ length: times }, (_, nth) => ['From', value(nth)] as const);
}

for (const [name, fields, signs] of tricks) {
  test(`no foreign signature: ${name}`, () => {
    for (const way of ways) {
      const rig = new Rig();
      assert.equal(rig.signers(fields, way), signs, way);
      if (signs === '') assert.ok(rig.judged.message.authors?.unsigned !== undefined, way);
      // What is only shown besides is evidence.
      else assert.equal(rig.judged.message.authors?.foreign[0]?.kind, 'foreign', way);
    }
  });
}

test('the same the other way round: tenants are equal', () => {
  const swap = (text: string): string =>
    text.replace(
      /([ab])(\s*(?:\.|=2E)test)/gi,
      (_all, name: string, rest: string) => `${name.toLowerCase() === 'a' ? 'b' : 'a'}${rest}`,
    );
  for (const [name, fields, signs] of tricks.filter(
    ([, all]) => !/bücher|BCHER|shop/.test(`${all}`),
  )) {
    const swapped = fields.map(([field, value]): Field => [field, swap(value)]);
    assert.equal(new Rig().signers(swapped, 'login', 'ann@b.test'), swap(signs), name);
  }
});

test('the identity signs strangers, and nothing that DMARC may take for its own', () => {
  const rig = new Rig();
  rig.settings.rules = { ...rules, identity: 'server.test' };
  assert.equal(rig.signers([['From', ' x@gmail.example']]), 'server.test');
  assert.equal(rig.rights.asked.length, 0, 'nobody is asked about domains without a key');
  assert.equal(rig.signers([['From', ' ceo@b.test']]), '', 'foreign');
  rig.settings.rules = { ...rules, identity: 'b.test' };
  assert.equal(rig.signers([['From', ' x@gmail.example']]), 'b.test');
  // The parent of an identity is of its organisation, and has no key.
  rig.settings.rules = { ...rules, identity: 'mx.host.example' };
  keyed.push('mx.host.example');
  assert.equal(rig.signers([['From', ' boss@host.example']]), '');
  assert.equal(rig.signers([['From', ' boss@www.host.example']]), '');
  assert.equal(
    rig.signers([['From', ' boss@host.example']], 'login', 'x@host.example'),
    'mx.host.example',
  );
  assert.equal(rig.signers([['From', ' x@gmail.example']]), 'mx.host.example');
  keyed.pop();
  // Behind what is read there may be anybody.
  rig.settings.rules = { ...rules, identity: 'server.test' };
  const strangers = many(120, (n) => `x${n}@s${n}.example`).map(([, one]) => one);
  assert.equal(rig.signers([['From', [...strangers, 'boss@server.test'].join(',')]]), '');
});

test('an own key does not sign together with an author of its organisation who is foreign', () => {
  const rig = new Rig();
  keyed.push('joe.host.example');
  const both: Field = ['From', ' joe@joe.host.example, boss@host.example'];
  assert.equal(rig.signers([both], 'login', 'joe@joe.host.example'), '');
  const stranger: Field = ['From', ' joe@joe.host.example, x@gmail.example'];
  assert.equal(rig.signers([stranger], 'login', 'joe@joe.host.example'), 'joe.host.example');
  keyed.pop();
});

for (const kind of ['own', 'map', 'declared', 'observed'] as const) {
  test(`signed: ${kind}`, () => {
    const rig = new Rig();
    rig.rights.allowed.set('joe@a.test ceo@b.test', kind);
    assert.equal(rig.signers([['From', ' ceo@b.test']]), 'b.test');
    assert.equal(rig.signers([['From', ' joe@a.test, CEO@b.test']]), 'a.test');
    assert.equal(rig.signers([['From', ' other@b.test']]), '');
    assert.equal(rig.signers([['From', ' "ceo x"@b.test']]), '', 'some address of the domain');
  });
}

test('if nobody can say whether it may, nothing signs, and it is no evidence', () => {
  const rig = new Rig();
  rig.rights.allowed.set('joe@a.test ceo@b.test', 'unknown');
  assert.equal(rig.signers([['From', ' ceo@b.test']]), '');
  const { authors } = rig.judged.message;
  assert.deepEqual([authors?.unsigned, authors?.author], ['unknown', 'ceo@b.test']);
  assert.equal(authors?.foreign[0]?.kind, 'unknown');
  assert.deepEqual(rig.counted, ['postern_foreign_authors_total unknown']);
});

test('the judgement and the signature wait for the answer', () => {
  const rig = new Rig();
  rig.rights.waiting = [];
  rig.rights.allowed.set('joe@a.test ceo@b.test', 'map');
  const { talk } = rig.send([['From', ' ceo@b.test']]);
  assert.equal(rig.gate.submitted.length, 0);
  rig.rights.waiting[0]?.();
  assert.equal(rig.gate.submitted.length, 1);
  assert.deepEqual(talk.heard().flatMap(signer), ['b.test']);
});

test('a message that the door gave up meanwhile is not judged', () => {
  const rig = new Rig();
  rig.rights.waiting = [];
  const { talk } = rig.send([['From', ' ceo@b.test']]);
  talk.session.gone();
  rig.rights.waiting[0]?.();
  assert.equal(rig.gate.submitted.length, 0);
});

test('mail of a script is asked about as the account that the register names', () => {
  const rig = new Rig();
  rig.signers([own], 'script');
  assert.deepEqual(rig.rights.asked, [`${scriptAccount} joe@a.test`]);
});

test('a program that may write as everybody does not sign what it passes on', () => {
  const boss: Field = ['From', ' ceo@b.test'];
  const byServer: Field = ['Received', ' from joe by mx.server.test (Postfix) with ESMTPSA id 4Z'];
  const byBrowser: Field = ['received', ' from [192.0.2.9] by www.server.test\r\n\twith HTTPS'];
  const rig = new Rig();
  rig.rights.forAll.add(scriptAccount);
  assert.equal(rig.signers([byBrowser, boss], 'script'), 'b.test');
  assert.equal(rig.signers([boss, byServer], 'script'), '');
});

test('signing.foreign = "hold": it is to be held, but not for a stranger’s address', () => {
  const rig = new Rig();
  rig.settings.foreign = 'hold';
  const holds = (fields: readonly Field[]): boolean | undefined => {
    rig.signers(fields);
    return rig.judged.message.authors?.holds;
  };
  assert.equal(holds([['From', ' ceo@b.test']]), true);
  assert.equal(holds([['From', ' x@gmail.example']]), false);
  assert.equal(holds([own]), undefined);
  assert.equal(holds([own, ['Sender', ' ceo@b.test']]), false);
  rig.rights.allowed.set('joe@a.test ceo@b.test', 'unknown');
  assert.equal(holds([['From', ' ceo@b.test']]), true, 'it may be foreign');
});

test('what cannot be signed has its reason, and nobody is asked', () => {
  const rig = new Rig();
  const why = (fields: readonly Field[]): string | undefined => {
    rig.signers(fields);
    return rig.judged.message.authors?.unsigned;
  };
  assert.equal(why([['From', ' x@gmail.example']]), 'no-key');
  assert.equal(why([]), 'no-from');
  assert.equal(why([['From', ' root']]), 'no-from');
  assert.equal(why([['From', ' x@quiet.b.test']]), 'off');
  assert.deepEqual(rig.rights.asked, []);
  rig.settings.enabled = false;
  assert.equal(why([['From', ' ceo@b.test']]), undefined, 'nothing is signed anyway');
});

test('however From is written, no key signs whose domain the account may not use', () => {
  const part = fc.oneof(
    fc.constantFrom(...[...` <>@",;:()[]\\.'\t`], '\n\t', '=?utf-8?q?ceo=40b=2Etest?=', '\u0001'),
    fc.constantFrom(
      'joe@a.test',
      '<joe@a.test>',
      'ceo@b.test',
      '<ceo@b.test>',
      '@b.test',
      'b.test',
    ),
    fc.constantFrom('ceo', 'Joe', 'x@shop.example', 'x@gmail.example', '\uff20', '\u200b', 'ü'),
  );
  const value = fc.array(part, { maxLength: 9 }).map((parts) => ` ${parts.join('')}`);
  const field = fc.tuple(fc.constantFrom('From', 'from', 'From ', 'Sender', 'Resent-From'), value);
  const by: fc.Arbitrary<Way> = fc.constantFrom(...ways);
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 3 }), by, (fields, way) => {
      const rig = new Rig();
      const signed = rig.signers(fields, way);
      assert.ok(signed === '' || signed === 'a.test', signed);
      if (signed === '') return;
      for (const [name, text] of fields) {
        if (name.trim().toLowerCase() !== 'from') continue;
        assert.notEqual(domainOf(firstMailbox(text)), 'b.test', text);
      }
    }),
    { numRuns: 3_000 },
  );
});
