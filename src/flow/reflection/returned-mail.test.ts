/** Returned mail with and without proof: by signature, Message-ID and recipient. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { scriptedStart } from '../../../test/doubles/start.ts';
import { quietWorld } from '../../../test/doubles/world.ts';
import type { Known } from '../../core/inbound/greylist/knowledge.ts';
import { openSigner } from '../../formats/dkim/sign.ts';
import type { SigningKey } from '../../formats/dkim/signing-key.ts';
import { openPrivateKey } from '../../lib/private-key.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { HeaderEdit } from '../../ports/message.ts';
import { Returns, type ReturnsDeps } from './returned-mail.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
const opened = openPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
assert.ok(opened.ok);
const { sign } = opened.value;
const key: SigningKey = { domain: 'ours.example', selector: 's1', algorithm: 'rsa-sha256', sign };

const fields: readonly (readonly [string, string])[] = [
  ['From', ' Ann <ann@ours.example>'],
  ['To', ' bob@there.example'],
  ['Subject', ' the figures of\n\tthis month'],
];
const start = scriptedStart({ sender: '', recipients: ['ann@ours.example'], queueId: '4RET1' });

function signature(): Promise<string> {
  const signer = openSigner({ lineLengthLimit: 998 });
  for (const [name, value] of fields) signer.header(name, value);
  signer.body(Buffer.from('Hello.\r\n'), 0, 8);
  return new Promise((resolve, reject) => {
    signer.sign({ keys: [key], now: 1_795_000_000_000 }, (fault, made) => {
      if (fault !== undefined) reject(fault);
      else resolve(made.map(({ name, value }) => `${name}:${value}`).join('\n'));
    });
  });
}

/** A bounce that gives back this header. */
function bounce(original: string, to = 'bob@there.example'): string {
  return [
    'This is the mail system at host relay.example.',
    '',
    `<${to}>: host mx.there.example said: 550 5.1.1 no mailbox here`,
    '',
    '   ----- Original message follows -----',
    '',
    original,
    '',
    'Hello.',
    '',
  ].join('\n');
}

function rig(how: { setting?: 'off' | 'mark' | 'refuse'; meta?: Map<string, string> } = {}) {
  const meta = how.meta ?? new Map<string, string>();
  const known = new Map<string, Known>();
  const state = { now: 1_795_000_000_000 };
  const logged: string[] = [];
  const deps: ReturnsDeps = {
    world: quietWorld({
      clock: { now: () => state.now as Millis },
      log: (_level, event) => void logged.push(event),
    }),
    journal: {
      add: (change) => {
        if (change.kind === 'meta') meta.set(change.key, change.value);
      },
      live: { meta: (name) => meta.get(name) },
    },
    known: {
      find: (kind, name) => known.get(`${kind} ${name}`),
      see: (kind, name, at) =>
        void known.set(`${kind} ${name}`, { firstAt: at, lastAt: at, times: 1 }),
    },
    keysOf: (domain) => (domain === key.domain ? [key] : []),
    isOurs: (id) => id === '<digest@here.example>',
    setting: () => how.setting ?? 'mark',
  };
  return { returns: new Returns(deps), meta, known, state, logged };
}

async function read(
  returns: Returns,
  body: string,
  header: readonly (readonly [string, string])[] = [],
): Promise<{
  readonly mark: string;
  readonly refused: string | undefined;
  readonly edits: readonly HeaderEdit[];
}> {
  const reader = returns.open(start);
  assert.ok(reader !== undefined);
  for (const [name, value] of [['From', ' MAILER-DAEMON@relay.example'] as const, ...header]) {
    reader.header(name, value);
  }
  reader.body(Buffer.from(body), 0, Buffer.byteLength(body));
  return new Promise((resolve) => {
    reader.finish((edits, refused) => {
      const own = edits.find((one) => one.kind === 'insert');
      resolve({ edits, refused, mark: own?.kind === 'insert' ? own.value.trim() : '' });
    });
  });
}

const message: Parameters<Returns['sent']>[0] = {
  messageId: '<mail-7@ours.example>',
  at: 1_795_000_000_000 as Millis,
  sender: 'ann@ours.example',
  outside: ['bob@there.example'],
};

test('our signature in the header that was given back is a proof, without any memory', async () => {
  const rest = fields.map(([name, value]) => `${name}:${value}`).join('\n');
  const header = `${await signature()}\n${rest}`;
  const { returns } = rig();
  assert.equal((await read(returns, bounce(header))).mark, 'proven (signature)');
  const changed = header.replace('the figures', 'the forged figures');
  assert.match((await read(returns, bounce(changed))).mark, /^unknown/);
});

test('a digest of the quarantine is no returned mail: it gets no mark', async () => {
  const { returns } = rig({ setting: 'refuse' });
  const header = [
    ['X-Postern-Return', ' proven (signature)'],
    ['Message-ID', ' <digest@here.example>'],
  ] as const;
  const { edits, mark, refused } = await read(returns, 'Hello.', header);
  assert.deepEqual([mark, refused], ['', undefined]);
  assert.deepEqual(edits, [{ kind: 'remove', name: 'X-Postern-Return', occurrence: 1 }]);
  assert.deepEqual(returns.view().days, []);
});

test('a Message-ID of our mail is a proof; that of a stranger proves nothing', async () => {
  const { returns } = rig();
  returns.sent(message);
  const own = bounce('Message-ID: <mail-7@ours.example>\nFrom: ann@ours.example');
  assert.equal((await read(returns, own)).mark, 'proven (message-id)');
  const forged = bounce(
    'Message-ID: <mail-8@ours.example>\nFrom: ann@ours.example',
    'x@nobody.example',
  );
  assert.match((await read(returns, forged)).mark, /^unknown/);
});

test('an address that got mail of the recipient is a proof, until it is long ago', async () => {
  const { returns, state } = rig();
  returns.sent(message);
  assert.equal((await read(returns, bounce(''))).mark, 'proven (envelope)');
  state.now += 31 * dayMs;
  assert.equal((await read(returns, bounce(''))).mark, 'unproven');
});

test('what somebody else here has sent proves nothing', async () => {
  const { returns } = rig();
  returns.sent({ ...message, sender: 'eve@ours.example' });
  const own = bounce('Message-ID: <mail-7@ours.example>\nFrom: eve@ours.example');
  assert.match((await read(returns, own)).mark, /^unknown/);
});

test('forged returns are marked; refused only if that is set, not in the first days', async () => {
  const forged = bounce('Message-ID: <spam-1@elsewhere.example>', 'x@nobody.example');
  const { meta, returns, state } = rig({ setting: 'refuse' });
  assert.equal((await read(returns, forged)).refused, undefined, 'sent mail is not known yet');
  state.now += 6 * dayMs;
  assert.match((await read(returns, forged)).refused ?? '', /not sent from here/);
  const marking = rig({ meta });
  marking.state.now = state.now;
  const { mark, refused } = await read(marking.returns, forged);
  assert.equal(mark, 'unproven');
  assert.equal(refused, undefined);
  const { days } = marking.returns.view();
  assert.equal(
    days.reduce((sum, { unproven }) => sum + unproven, 0),
    3,
  );
  assert.equal(
    days.reduce((sum, { refusable }) => sum + refusable, 0),
    2,
  );
});

test('a field in our name is taken out, and proves nothing', async () => {
  const { returns } = rig();
  const forged = [['X-Postern-Return', ' proven (signature)'] as const];
  const { edits, mark } = await read(returns, bounce(''), forged);
  assert.match(mark, /^unknown/);
  assert.deepEqual(
    edits.filter(({ kind }) => kind === 'remove'),
    [{ kind: 'remove', name: 'X-Postern-Return', occurrence: 1 }],
  );
});

test('mail with a sender, mail of our accounts, and with the setting off is not read', () => {
  const { returns } = rig();
  assert.equal(returns.open({ ...start, sender: 'a@b.example' }), undefined);
  assert.equal(returns.open({ ...start, by: 'local' }), undefined);
  assert.equal(rig({ setting: 'off' }).returns.open(start), undefined);
});

test('memory has a limit: many large messages at the same time are read in part', async () => {
  const { returns } = rig();
  const readers = Array.from({ length: 300 }, () => returns.open(start));
  const piece = Buffer.alloc(256 * 1024 - 1, 0x61);
  for (const reader of readers) reader?.body(piece, 0, piece.length);
  for (const reader of readers) reader?.drop?.();
  returns.sent(message);
  const own = bounce('Message-ID: <mail-7@ours.example>');
  assert.equal((await read(returns, own)).mark, 'proven (message-id)', 'all room is free again');
});
