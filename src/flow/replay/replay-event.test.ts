/** Lines of recorded events: what is read, what is a fault and says so, and that nothing throws. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseEvent } from './replay-event.ts';

const at = 1_767_603_600_000;
const readTime = (text: string): number => (text === 'nine' ? at : Number.NaN);
const read = (event: unknown) => parseEvent(JSON.stringify(event), readTime);
const send = {
  type: 'send',
  id: 'm1',
  at: 'nine',
  account: 'Ann@Here.example',
  recipients: ['b@x.example'],
};

const receive = {
  type: 'receive',
  at: 'nine',
  account: 'ann@here.example',
  sender: 'carol@far.example',
};
const received = {
  kind: 'receive',
  at,
  account: 'ann@here.example',
  sender: 'carol@far.example',
  messageId: '',
};

const events = [
  [
    'a message',
    send,
    {
      kind: 'send',
      id: 'm1',
      at,
      account: 'ann@here.example',
      outside: ['b@x.example'],
      local: [],
    },
  ],
  [
    'all that is known of a message; what is not known to us is ignored',
    {
      ...send,
      client: '192.0.2.1',
      sender: '<Ann@Here.example>',
      from: 'Ann <ann@here.example>',
      subject: 'Hi',
      fingerprint: 'abc',
      size: 300,
      colour: 'red',
    },
    {
      kind: 'send',
      id: 'm1',
      at,
      account: 'ann@here.example',
      outside: ['b@x.example'],
      local: [],
      client: '192.0.2.1',
      sender: 'ann@here.example',
      headerFrom: 'ann@here.example',
      subject: 'Hi',
      fingerprint: 'abc',
      sizeBytes: 300,
    },
  ],
  [
    'mail that came in',
    {
      type: 'receive',
      at: 'nine',
      account: 'ann@here.example',
      sender: '<Carol@Far.example>',
      client: '192.0.2.1',
      spf: 'none',
      dkim: 'far.example',
      messageId: '<1@far.example>',
      spamScore: 4.9,
    },
    { ...received, proved: true, wanted: true, messageId: '<1@far.example>' },
  ],
  [
    'mail that came in, signed by a domain above that of its author, and spam',
    { ...receive, sender: 'carol@sub.far.example', dkim: 'far.example', spamScore: 5 },
    { ...received, sender: 'carol@sub.far.example', proved: false, wanted: false },
  ],
  [
    'a bounce that came in',
    { ...receive, sender: '', spf: 'pass' },
    { ...received, sender: '', proved: false, wanted: true },
  ],
  [
    'an author that the account may not use',
    { ...send, foreign: '<CEO@Other.example>' },
    {
      kind: 'send',
      id: 'm1',
      at,
      account: 'ann@here.example',
      outside: ['b@x.example'],
      local: [],
      authors: {
        unsigned: 'foreign',
        foreign: [{ address: 'ceo@other.example', place: 'from', kind: 'foreign', source: '' }],
        author: 'ceo@other.example',
        holds: false,
      },
    },
  ],
  [
    'recipients in every way of writing, each once; those of its own domain are local',
    {
      ...send,
      recipients: ['<B@x.example>', 'b@X.example', 'c@here.example', 'd@sub.here.example', '<>'],
    },
    {
      kind: 'send',
      id: 'm1',
      at,
      account: 'ann@here.example',
      outside: ['b@x.example', 'd@sub.here.example'],
      local: ['c@here.example'],
    },
  ],
  [
    'a script',
    { ...send, account: undefined, script: '/var/www/form.php' },
    {
      kind: 'send',
      id: 'm1',
      at,
      account: 'script:/var/www/form.php',
      script: '/var/www/form.php',
      outside: ['b@x.example'],
      local: [],
    },
  ],
  [
    'a login',
    { type: 'login', at: 'nine', account: 'ann@here.example', client: '192.0.2.1', ok: false },
    { kind: 'login', at, account: 'ann@here.example', client: '192.0.2.1', ok: false },
  ],
  [
    'a delivery',
    {
      type: 'delivery',
      at: 'nine',
      id: 'm1',
      recipient: '<B@x.example>',
      outcome: 'bounced',
      reply: '550 no',
    },
    {
      kind: 'delivery',
      at,
      id: 'm1',
      recipient: 'b@x.example',
      outcome: 'bounced',
      reply: '550 no',
    },
  ],
  [
    'a clear',
    { type: 'clear', at: 'nine', account: 'ann@here.example' },
    { kind: 'clear', at, account: 'ann@here.example' },
  ],
  [
    'an announced mailing',
    { type: 'expect', at: 'nine', account: 'ann@here.example', recipients: 300, until: 'nine' },
    { kind: 'expect', at, account: 'ann@here.example', recipients: 300, until: at },
  ],
] as const;
for (const [what, event, expected] of events) {
  test(`a line is read: ${what}`, () =>
    assert.deepEqual(read(event), { ok: true, value: expected }));
}

const faults = [
  ['a number', 7, /object/],
  ['nothing', null, /object/],
  ['a list', [], /`at`/],
  ['no time', { ...send, at: undefined }, /`at`/],
  ['no time', { ...send, at: 'then' }, /`at`/],
  ['no type', { ...send, type: undefined }, /`type`/],
  ['an unknown type', { ...send, type: 'other' }, /`type`/],
  ['no account', { ...send, account: undefined }, /`account`/],
  ['an empty account', { ...send, account: '' }, /`account`/],
  ['a numeric id', { ...send, id: 7 }, /`id`/],
  ['no recipients', { ...send, recipients: undefined }, /`recipients`/],
  ['recipients that are no addresses', { ...send, recipients: ['a@b.c', 7] }, /`recipients`/],
  [
    'too many recipients',
    { ...send, recipients: Array.from({ length: 100_001 }, () => 'a@b.c') },
    /more than/,
  ],
  ['a login from nowhere', { type: 'login', at: 'nine', account: 'a', ok: true }, /`client`/],
  [
    'a login neither good nor bad',
    { type: 'login', at: 'nine', account: 'a', client: '::1' },
    /`ok`/,
  ],
  [
    'an unknown outcome',
    { type: 'delivery', at: 'nine', id: 'm', recipient: 'a', outcome: 'lost' },
    /`outcome`/,
  ],
  [
    'a delivery to nobody',
    { type: 'delivery', at: 'nine', id: 'm', outcome: 'sent' },
    /`recipient`/,
  ],
  ['a clear of nobody', { type: 'clear', at: 'nine' }, /`account`/],
  [
    'a mailing to nobody',
    { type: 'expect', at: 'nine', account: 'a', recipients: 0, until: 'nine' },
    /`recipients`/,
  ],
  [
    'a mailing without an end',
    { type: 'expect', at: 'nine', account: 'a', recipients: 3 },
    /`until`/,
  ],
] as const;
for (const [what, event, says] of faults) {
  test(`a fault: ${what}`, () => {
    const parsed = read(event);
    assert.ok(!parsed.ok);
    assert.match(parsed.error, says);
  });
}

test('a fault: not JSON', () => {
  const parsed = parseEvent('{"type":', readTime);
  assert.deepEqual(parsed, { ok: false, error: 'not JSON' });
});

const kinds: readonly string[] = ['send', 'login', 'delivery', 'clear', 'expect'];

test('random lines are read or are a fault, and never throw', () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('nine', 'send', 'login', 'delivery', 'clear', 'expect', 7, true),
  );
  const near = fc
    .dictionary(
      fc.constantFrom(
        'type',
        'at',
        'id',
        'account',
        'recipients',
        'client',
        'ok',
        'recipient',
        'outcome',
        'from',
        'sender',
        'script',
        'until',
      ),
      value,
    )
    .map((fields) => JSON.stringify({ type: 'send', at: 'nine', ...fields }));
  const line = fc.oneof(
    near,
    fc.string({ unit: 'binary' }),
    fc.jsonValue().map((any) => JSON.stringify(any)),
    fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('utf8')),
  );
  fc.assert(
    fc.property(line, (text) => {
      const parsed = parseEvent(text, readTime);
      if (!parsed.ok) assert.notEqual(parsed.error, '');
      else assert.ok(kinds.includes(parsed.value.kind));
    }),
    { numRuns: 2_000 },
  );
});

test('an event written in its normal form is read as the same event', () => {
  const address = fc
    .tuple(fc.stringMatching(/^[a-z0-9.]{1,9}$/), fc.constantFrom('x.example', 'here.example'))
    .map((parts) => parts.join('@'));
  const line = fc.record({
    account: address,
    recipients: fc.array(address, { maxLength: 9 }),
    client: fc.ipV4(),
  });
  fc.assert(
    fc.property(line, (fields) => {
      const first = read({ ...send, ...fields });
      assert.ok(first.ok && first.value.kind === 'send');
      const { outside, local, account, client } = first.value;
      const again = read({ ...send, account, client, recipients: [...outside, ...local] });
      assert.deepEqual(again, first);
    }),
  );
});
