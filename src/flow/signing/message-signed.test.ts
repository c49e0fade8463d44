import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyAuthor } from '../../../test/doubles/path.ts';
import { scriptedStart } from '../../../test/doubles/start.ts';
import { quietWorld } from '../../../test/doubles/world.ts';
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import { noRules } from '../../core/signing/choose.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import type { Millis } from '../../lib/time.ts';
import type { Mutable } from '../../lib/type-tools.ts';
import type { HeaderEdit, JudgedAs, MessageReader, MessageStart } from '../../ports/message.ts';
import { openSigning, type SigningSettings } from './message-signed.ts';
import type { OwnSigning } from './probation.ts';

/** Signs with the name of its selector, at once; a selector `broken` cannot. */
const key = (domain: string, selector: string): SigningKey => ({
  domain,
  selector,
  algorithm: 'rsa-sha256',
  sign: (_data, done) =>
    done(selector === 'broken' ? new Error('no such file') : undefined, Buffer.from(selector)),
});

class Rig {
  readonly counted: string[] = [];
  readonly logged: (readonly [string, unknown])[] = [];
  readonly sent: string[] = [];
  readonly offers: unknown[] = [];
  now = 1_700_000_000_000 as Millis;
  readonly settings: Mutable<SigningSettings> = {
    enabled: true,
    rules: noRules,
    foreign: 'unsigned',
    lineLengthLimit: 998,
  };
  keys: readonly SigningKey[] = [key('a.test', 's1'), key('a.test', 's2'), key('b.test', 's3')];
  /** What signs mail of an account for a domain. */
  readonly own = new Map<string, OwnSigning>();
  judged: JudgedAs | undefined;
  readonly #keys = (domain: string): readonly SigningKey[] =>
    this.keys.filter((one) => one.domain === domain);
  readonly #authors = anyAuthor({ settings: this.settings, keys: this.#keys });
  readonly #reading = openSigning({
    settings: this.settings,
    probation: {
      of: (account, domain, done) => done(this.own.get(`${account} ${domain}`)),
    },
    world: quietWorld({
      clock: { now: () => this.now },
      count: (name, _by, label) => this.counted.push(`${name} ${label}`),
      log: (level, event, fields) => {
        if (level !== 'debug') this.logged.push([event, fields]);
      },
    }),
    sent: (author, by, offer) => {
      this.sent.push(`${author} ${by}`);
      this.offers.push(offer);
    },
  });

  /** With the authors that the path reads besides, which are asked before the end. */
  open(more: Partial<MessageStart> = {}): MessageReader | undefined {
    const login = { by: 'login', queueId: 'Q1' } as const;
    const authors = this.#authors.open();
    const reader = this.#reading.open(scriptedStart({ ...login, ...more }), authors);
    return (
      reader && {
        header(name, value) {
          authors?.header(name, value);
          reader.header(name, value);
        },
        body: (...piece) => reader.body(...piece),
        finish: (done) => {
          authors?.ask(message, () => {});
          reader.finish(done, this.judged);
        },
      }
    );
  }

  /** The edits of a message with these From fields. */
  edits(...from: readonly string[]): readonly HeaderEdit[] {
    const reader = this.open();
    assert.ok(reader !== undefined);
    reader.header('Subject', ' hello');
    for (const value of from) reader.header('From', value);
    reader.body(Buffer.from('hello\r\n'), 0, 7);
    let edits: readonly HeaderEdit[] | undefined;
    reader.finish((found) => {
      edits = found;
    });
    assert.ok(edits !== undefined);
    return edits;
  }
}

const message: Submission = {
  kind: 'send',
  id: 'Q1',
  at: 0 as Millis,
  account: 'joe@a.test' as Account,
  outside: [],
  local: [],
};

test('each key of the domain signs, below the Received of the mail server', () => {
  const rig = new Rig();
  const edits = rig.edits(' Joe <joe@A.test>');
  assert.deepEqual(
    edits.map((edit) => [edit.kind, edit.name, edit.kind === 'insert' && edit.index]),
    [
      ['insert', 'DKIM-Signature', 1],
      ['insert', 'DKIM-Signature', 1],
    ],
  );
  const values = edits.map((edit) => (edit.kind === 'insert' ? edit.value : ''));
  assert.match(values[0] ?? '', / d=a\.test; s=s1;[\s\S]*t=1700000000;/);
  assert.match(values[1] ?? '', /s=s2;/);
  assert.deepEqual(rig.counted, ['postern_signing_total signed']);
  assert.deepEqual(rig.sent, ['a.test a.test']);
});

test('one click to unsubscribe counts if our signature covers both fields', () => {
  const rig = new Rig();
  for (const from of [' joe@a.test', ' joe@nobody.test']) {
    const reader = rig.open();
    reader?.header('From', from);
    reader?.header('List-Unsubscribe', ' <https://a.test/u>');
    reader?.header('List-Unsubscribe-Post', ' List-Unsubscribe=One-Click');
    reader?.finish((edits) => {
      const [edit] = edits;
      if (edit?.kind === 'insert') assert.match(edit.value, /list-unsubscribe-post/i);
    });
  }
  assert.deepEqual(rig.offers, [
    { offered: true, oneClick: true },
    { offered: true, oneClick: false },
  ]);
});

test('who is not known to hand it over: mail passes through, and is not signed', () => {
  const rig = new Rig();
  assert.equal(rig.open({ by: undefined }), undefined);
  for (const by of ['login', 'client', 'local'] as const) assert.ok(rig.open({ by }) !== undefined);
  rig.settings.enabled = false;
  assert.equal(rig.open(), undefined);
});

const unsigned = [
  ['no From', [], 'no-from', []],
  ['a stranger’s', [' x@c.test'], 'no-key', ['c.test ']],
  ['no domain in it', [' root'], 'no-from', []],
  ['an address literal', [' x@[192.0.2.1]'], 'no-from', []],
  ['an empty group', [' undisclosed-senders:;'], 'no-from', []],
  ['off', [' x@off.test'], 'off', ['off.test ']],
] as const;
for (const [name, from, why, sent] of unsigned) {
  test(`not signed: ${name}`, () => {
    const rig = new Rig();
    rig.settings.rules = { ...noRules, domains: new Map([['off.test', 'off']]) };
    assert.deepEqual(rig.edits(...from), []);
    assert.deepEqual(rig.counted, [`postern_signing_total ${why}`]);
    assert.deepEqual(rig.sent, sent);
  });
}

test('what nobody signs, the server does, where it has an identity', () => {
  const rig = new Rig();
  rig.settings.rules = { ...noRules, identity: 'b.test' };
  for (const from of [' x@c.test', ' root', ' x@[192.0.2.1]']) {
    assert.equal(rig.edits(from).length, 1, from);
  }
  assert.deepEqual(rig.edits(), [], 'but nothing without a From, which must be signed');
  assert.deepEqual(rig.sent, ['c.test b.test']);
});

test('two authors, two From fields: the first that has a key', () => {
  const rig = new Rig();
  rig.edits(' x@c.test, y@b.test');
  rig.edits(' x@c.test', ' y@a.test');
  assert.deepEqual(rig.sent, ['b.test b.test', 'a.test a.test']);
});

test('a stray sign behind the address of From does not leave mail unsigned', () => {
  const rig = new Rig();
  for (const from of [' joe@a.test>', " 'joe@a.test'", ' joe@a.test!', ' <joe@(c)a.test>']) {
    rig.edits(from);
  }
  assert.deepEqual(rig.sent, Array(4).fill('a.test a.test'));
});

test('a key that cannot sign: the mail goes on unsigned, and the log says so once a minute', () => {
  const rig = new Rig();
  rig.keys = [key('a.test', 's1'), key('a.test', 'broken')];
  assert.deepEqual(rig.edits(' joe@a.test'), []);
  assert.deepEqual(rig.edits(' joe@a.test'), []);
  rig.now = (rig.now + 60_000) as Millis;
  rig.edits(' joe@a.test');
  const why = 'selector broken of a.test: no such file';
  assert.deepEqual(rig.logged, [
    ['signing.failed', { id: 'Q1', domain: 'a.test', why, leftOut: 0 }],
    ['signing.failed', { id: 'Q1', domain: 'a.test', why, leftOut: 1 }],
  ]);
  assert.deepEqual([...new Set(rig.counted)], ['postern_signing_total failed']);
  assert.deepEqual(rig.sent.at(-1), 'a.test ');
});

for (const [name, value, times] of [
  ['fields', ' x@c.test', 600],
  ['octets', ` ${'x'.repeat(100_000)}`, 11],
] as const) {
  test(`a header of too many ${name} is not signed, and goes on`, () => {
    const rig = new Rig();
    const reader = rig.open();
    for (let line = 0; line < times; line++) reader?.header('To', value);
    reader?.header('From', ' joe@a.test');
    reader?.body(Buffer.from('text'), 0, 4);
    let edits: readonly HeaderEdit[] | undefined;
    reader?.finish((found) => {
      edits = found;
    });
    assert.deepEqual(edits, []);
    assert.deepEqual(rig.counted, ['postern_signing_total failed']);
    assert.equal(rig.logged.length, 1);
  });
}

test('settings and keys count as they are when a message comes', () => {
  const rig = new Rig();
  rig.keys = [];
  assert.equal(rig.edits(' joe@a.test').length, 0);
  rig.keys = [key('a.test', 's9')];
  assert.equal(rig.edits(' joe@a.test').length, 1);
});

test('a key of the account signs instead of those of the domain, and its signature expires', () => {
  const rig = new Rig();
  rig.own.set('joe@a.test a.test', { keys: [key('a.test', 'k1')], expiresInSeconds: 864_000 });
  const signed = (): readonly string[] =>
    rig.edits(' Joe <joe@a.test>').map((edit) => (edit.kind === 'insert' ? edit.value : ''));
  rig.judged = { account: 'joe@a.test' as Account, isHeld: false };
  const [value = '', ...more] = signed();
  assert.match(value, /\ss=k1;[\s\S]*t=1700000000;\sx=1700864000;/);
  assert.deepEqual(more, [], 'no signature by which a copy would still verify');
  // Held mail may be released when x= would be over.
  rig.judged = { account: 'joe@a.test' as Account, isHeld: true };
  const [held = ''] = signed();
  assert.match(held, /\ss=k1;/);
  assert.doesNotMatch(held, /\sx=/);
  for (const judged of [{ account: 'ann@a.test' as Account, isHeld: false }, undefined]) {
    rig.judged = judged;
    assert.deepEqual(
      signed().map((one) => /\ss=(\w+);/.exec(one)?.[1]),
      ['s1', 's2'],
    );
  }
});

test('a key of the account that cannot sign: the mail goes on unsigned, and it is counted', () => {
  const rig = new Rig();
  rig.own.set('joe@a.test a.test', { keys: [key('a.test', 'broken')], expiresInSeconds: 9 });
  rig.judged = { account: 'joe@a.test' as Account, isHeld: false };
  assert.deepEqual(rig.edits(' joe@a.test'), []);
  assert.deepEqual(rig.counted, ['postern_signing_total failed']);
});
