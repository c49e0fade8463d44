import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quietWorld } from '../../../test/doubles/world.ts';
import { newsletter } from '../../../test/integration/scan-messages.ts';
import { ManualTime } from '../../../test/ledger/manual-time.ts';
import type { Account } from '../../core/account-name.ts';
import type { Submission } from '../../core/event.ts';
import { maskOf } from '../../core/scan/masked-rules.ts';
import type { ScannerName } from '../../core/scan/report.ts';
import type { MessageStart } from '../../ports/message.ts';
import { openScans } from './message-scanned.ts';
import { copiesMax } from './scan-reuse.ts';
import { ScannerQueue } from './scanner-queue.ts';

const start: MessageStart = {
  by: 'login',
  account: 'joe@here.example' as Account,
  client: '192.0.2.1',
  clientName: '',
  helo: '',
  sender: 'joe@here.example',
  recipients: [],
  badRecipients: 0,
  queueId: 'Q1',
};

function rig(
  names: readonly ScannerName[] = ['spamassassin'],
  { reuseMs = 3_600_000, octetsMax = 20_000, heldMax = 1_000_000 } = {},
) {
  const time = new ManualTime(1_000_000);
  const seen: string[] = [];
  const counted = new Map<string, number>();
  let fails = false;
  let hangs = false;
  const queues = names.map(
    (name) =>
      new ScannerQueue({
        scanner: {
          name,
          octetsMax,
          async scan(octets) {
            seen.push(octets.toString('latin1'));
            if (hangs) await new Promise((go) => setImmediate(go));
            if (fails) throw new Error('no');
            const spam = octets.includes('pills');
            return {
              scanner: name,
              score: name === 'clamav' ? 0 : spam ? 8 : 0.5,
              required: name === 'clamav' ? 0 : 5,
              rules: name === 'clamav' ? [] : [{ name: 'RDNS_NONE', points: 0.5 }],
              virus: name === 'clamav' && octets.includes('EICAR') ? 'Eicar' : '',
            };
          },
          close: () => {},
        },
        connections: 2,
        deadlineMs: 5_000,
        world: quietWorld({ clock: time, timers: time }),
        onState: () => {},
      }),
  );
  const scanning = openScans(
    {
      queues,
      settings: { reuseMs, isMasked: maskOf(['RDNS_*']), isEvidence: () => false },
      world: quietWorld({
        clock: time,
        count: (name, by = 1, label = '') =>
          void counted.set(`${name} ${label}`, (counted.get(`${name} ${label}`) ?? 0) + by),
      }),
      observe: () => {},
    },
    heldMax,
  );
  async function send(
    body: string,
    subject = 'Hello',
    { type = 'text/plain', givenUp = false, fields = 0 } = {},
  ): Promise<Submission> {
    const reader = scanning.open(start);
    assert.ok(reader !== undefined);
    reader.header('Subject', ` ${subject}`);
    reader.header('X-Folded', ' one\n two');
    for (let n = 0; n < fields; n++) reader.header('X-Many', ` ${'x'.repeat(1_000)}`);
    if (type !== 'text/plain') reader.header('Content-Type', ` ${type}`);
    const bytes = Buffer.from(`....${body}`);
    for (let at = 4; at < bytes.length; at += 100) {
      reader.body(bytes, at, Math.min(bytes.length, at + 100));
    }
    const message: Submission = {
      kind: 'send',
      id: 'Q1',
      at: time.now(),
      account: 'joe@here.example' as Account,
      outside: ['x@y.example'],
      local: [],
    };
    return new Promise((resolve) => {
      reader.finish(message, resolve);
      if (givenUp) reader.drop();
    });
  }
  return {
    time,
    seen,
    counted,
    send,
    scanning,
    fail: () => {
      fails = true;
    },
    hang: () => {
      hangs = true;
    },
  };
}

const spam = (n: number, name: string): string =>
  `Dear ${name},\r\n\r\n` +
  'we have the pills that you have waited for, at a price that nobody can beat.\r\n' +
  `Order at https://shop${n}.example/p?u=${n} before the ${n} of this month, ` +
  'and we pay the postage.\r\n';

test('the scanner sees the message as it came, and masked rules do not count', async () => {
  const { seen, send } = rig();
  const { scan } = await send(spam(1, 'Ann'));
  assert.equal(seen[0], `Subject: Hello\r\nX-Folded: one\r\n two\r\n\r\n${spam(1, 'Ann')}`);
  assert.deepEqual([scan?.score, scan?.likeness, scan?.masked.length], [7.5, 1.5, 1]);
});

test('a thousand copies with other names, links and numbers: a few scans', async () => {
  const { seen, send, counted } = rig();
  const names = ['Ann', 'Bob', 'Zoë', 'Özlem', 'María José', 'O’Neill', 'Li'];
  for (let n = 0; n < 1_000; n++) {
    const { scan } = await send(spam(n, `${names[n % names.length]}`), `For you, no. ${n}`);
    assert.equal(scan?.likeness, 1.5);
  }
  assert.equal(seen.length, Math.ceil(1_000 / (copiesMax + 1)));
  assert.ok(seen.length <= 20);
  assert.equal(counted.get('postern_scan_messages_total reused'), 1_000 - seen.length);
});

test('of a thousand newsletters alike in frame, none gets the report of another', async () => {
  const { send, seen } = rig();
  const said = new Map<string, boolean>();
  for (let n = 0; n < 1_000; n++) {
    const mail = newsletter(n);
    const body = mail.slice(mail.indexOf('\r\n\r\n') + 4);
    // Every tenth is spam to this scanner.
    const isSpam = n % 10 === 0;
    const { scan } = await send(isSpam ? `${body}\r\nwe have the pills` : body);
    assert.equal(scan?.likeness === 1.5, isSpam, `newsletter ${n}`);
    said.set(body, isSpam);
  }
  assert.equal(said.size, 1_000);
  assert.equal(seen.length, 1_000);
});

test('copies that come at once wait for one scan', async () => {
  const { seen, send } = rig();
  const all = await Promise.all(Array.from({ length: 50 }, (_, n) => send(spam(n, 'Ann'))));
  assert.equal(seen.length, 1);
  assert.ok(all.every(({ scan }) => scan?.score === 7.5));
});

const honest = (server: string, n = 1): string =>
  'Dear friends,\r\n\r\n' +
  'we have put all that was said last week on our page, where everybody can read it.\r\n' +
  `See https://${server}/minutes/${n} as soon as you have the time, ` +
  'and tell us what you think.\r\n';

test('a report of no spam counts for the same servers only; a report of spam for all', async () => {
  const { seen, send } = rig();
  await send(honest('club.example'));
  await send(honest('club.example', 2));
  assert.equal(seen.length, 1);
  await send(honest('thief.example'));
  await send(honest('thief.example', 2));
  await send(honest('club.example', 3));
  assert.equal(seen.length, 2);
  await send(spam(1, 'Ann'));
  await send(spam(2, 'Ann'));
  assert.equal(seen.length, 3);
});

test('at once: those with other links are scanned for themselves, each server once', async () => {
  const { seen, send, counted } = rig();
  const all = Array.from({ length: 30 }, (_, n) => send(honest(`s${n % 3}.example`, n)));
  for (const { scan } of await Promise.all(all)) assert.equal(scan?.score, 0);
  assert.equal(seen.length, 3);
  assert.equal(counted.get('postern_scan_messages_total reused'), 27);
});

test('what was said is forgotten after its time', async () => {
  const { seen, send, time } = rig(['spamassassin'], { reuseMs: 60_000 });
  await send(spam(1, 'Ann'));
  await time.pass(59_000);
  await send(spam(2, 'Bob'));
  assert.equal(seen.length, 1);
  await time.pass(2_000);
  await send(spam(3, 'Eve'));
  assert.equal(seen.length, 2);
});

test('a virus is looked for in each message that is not the same octet for octet', async () => {
  const { seen, send } = rig(['spamassassin', 'clamav']);
  await send(spam(1, 'Ann'));
  const { scan } = await send(`${spam(1, 'Ann').replace('Ann', 'Bob')}`);
  assert.deepEqual([seen.length, scan?.reused], [3, 1]);
  const found = await send(`${spam(1, 'Ann')}EICAR`);
  assert.equal(found.scan?.virus, 'Eicar');
});

test('the same octets as another kind of file are another message', async () => {
  for (const name of ['clamav', 'spamassassin'] as const) {
    const { seen, send } = rig([name]);
    await send('RUlDQVI=', 'Hello', { type: 'text/plain; x=1' });
    await send('RUlDQVI=', 'Hello', { type: 'application/x-msdownload' });
    await send('RUlDQVI=', 'Hello', { type: 'application/x-msdownload' });
    assert.equal(seen.length, 2, name);
  }
});

test('what scanners still have takes room, also when nobody waits for it', async () => {
  const { send, hang, counted } = rig(['spamassassin'], { heldMax: 6_000 });
  hang();
  const messages = Array.from({ length: 3 }, (_, n) => `${'long '.repeat(500)}${n}`);
  await Promise.all(messages.map((mail) => send(mail, 'Hello', { givenUp: true })));
  assert.equal(counted.get('postern_scan_silences_total large'), 1);
  const { scan } = await send(`${messages[0]} again`);
  assert.equal(scan?.scans, 1);
});

test('copies of a message of which nothing was said have taken nothing over', async () => {
  const { send, fail, counted } = rig();
  fail();
  const all = await Promise.all([send(spam(1, 'Ann')), send(spam(2, 'Bob'))]);
  assert.deepEqual(
    all.map(({ scan }) => scan?.reused),
    [0, 0],
  );
  assert.equal(counted.get('postern_scan_messages_total missing'), 2);
});

test('many fields push neither the body nor its type out of what scanners see', async () => {
  const { send, seen } = rig(['spamassassin'], { octetsMax: 512_000, heldMax: 10_000_000 });
  const { scan } = await send(spam(1, 'Ann'), 'Hello', { type: 'text/html', fields: 800 });
  assert.equal(scan?.likeness, 1.5);
  assert.match(seen[0] ?? '', /\r\nContent-Type: text\/html\r\n\r\nDear Ann/);
});

test('long messages are shown to their limit, and known by their octets alone', async () => {
  const { seen, send } = rig(['spamassassin'], { octetsMax: 2_000 });
  const long = `${spam(1, 'Ann')}${'and more text '.repeat(500)}`;
  await send(long);
  await send(long.replace('Ann', 'Bob'));
  assert.deepEqual(
    seen.map(({ length }) => length),
    [2_000, 2_000],
  );
});

test('where nothing is said the message goes on without it', async () => {
  const { send, fail, counted } = rig();
  fail();
  const { scan } = await send(spam(1, 'Ann'));
  assert.deepEqual([scan?.missing, scan?.likeness], [['spamassassin'], 0]);
  assert.equal(counted.get('postern_scan_silences_total failed'), 1);
});

test('mail that comes in is not scanned', () => {
  const { scanning } = rig();
  assert.equal(scanning.open({ ...start, by: undefined, account: undefined }), undefined);
});
