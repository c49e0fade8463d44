/**
 * Mail of programs in the milter's conversation: known again by its first field, which nobody else
 * is shown.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { submitter } from '../../../test/doubles/mail.ts';
import { Conversation, mta, RecordingGate, RecordingReading } from '../../../test/mta/script.ts';
import { handoverField, handoverToken } from '../../core/scripts/handover-field.ts';
import type { HandoverLookup, HandoverMatch } from '../../ports/handover.ts';

const token = handoverToken(1_001, `1700000000000-${'a'.repeat(32)}`);
const attempt = '0123456789abcdef';
const value = handoverField(token, attempt).replace(/^[^:]*: /, '');
const written = { header: [{ name: 'To', value: ' x' }], bodyStart: Buffer.from('body') };

class RecordingHandovers implements HandoverLookup {
  readonly claims: { attempt: string; answer(claim: HandoverMatch): void }[] = [];
  readonly over: string[] = [];

  submitterOf(asked: string): ReturnType<HandoverLookup['submitterOf']> {
    return asked === token ? submitter() : undefined;
  }

  recognise(_token: string, which: string, answer: (match: HandoverMatch) => void): void {
    this.claims.push({ attempt: which, answer });
  }

  answered(asked: string): void {
    this.over.push(asked);
  }

  unmarked(): void {}
}

const local = mta.connect('127.0.0.1', 0, 'localhost');
const fields = (...pairs: readonly (readonly [string, string])[]): Buffer[] =>
  pairs.map(([name, text]) => mta.header(name, text));

function talk(
  header: readonly Buffer[],
  { connection = local, queueId = 'QUEUE1' }: { connection?: Buffer; queueId?: string } = {},
) {
  const handovers = new RecordingHandovers();
  const reading = new RecordingReading([]);
  const talking = new Conversation(new RecordingGate(), {}, reading, undefined, handovers);
  talking.greet(undefined, connection);
  const before = talking.commands([
    ...[mta.mail('<www@here.example>'), mta.rcpt('<ann@there.example>', 'smtp')],
    ...[mta.macros('T', { i: queueId }), ...header, mta.body('Hello.\r\n'), mta.end(queueId)],
  ]);
  return { handovers, reading, talking, before, gate: talking.gate };
}
const heard = ({ talking }: ReturnType<typeof talk>): string =>
  talking
    .heard()
    .map(({ command }) => command)
    .join('');

test('it is the script’s mail, with what the script wrote; no reader sees the field', () => {
  const one = talk(fields(['x-postern-SUBMISSION', value], ['Subject', 'Hi']));
  assert.equal(one.gate.submitted.length, 0, 'nothing is judged before it counts');
  assert.equal(one.handovers.claims[0]?.attempt, attempt);
  one.handovers.claims[0]?.answer({ kind: 'counts', sender: 'asked@here.example', written });
  const [{ message, by } = assert.fail()] = one.gate.submitted;
  assert.equal(by, 'local');
  assert.equal(message.account, 'script:/var/www/shop/contact.php');
  assert.equal(message.script, '/var/www/shop/contact.php');
  assert.deepEqual(message.handed, {
    submitter: submitter(),
    sender: 'asked@here.example',
    recipients: ['ann@there.example'],
    ...written,
  });
  assert.equal(one.reading.started[0]?.account, 'script:/var/www/shop/contact.php');
  assert.deepEqual(
    one.reading.headers.map(([name]) => name),
    ['Subject'],
  );
  assert.equal(heard(one), 'mc');
  assert.deepEqual(one.handovers.over, [token]);
});

test('a copy of what came already vanishes, unjudged', () => {
  const one = talk(fields(['X-Postern-Submission', value]));
  one.handovers.claims[0]?.answer({ kind: 'copy' });
  assert.equal(heard(one), 'd');
  assert.deepEqual([one.gate.submitted, one.handovers.over], [[], []]);
});

test('a connection that is gone meanwhile: nothing is judged, and it is not over', () => {
  const one = talk(fields(['X-Postern-Submission', value]));
  one.talking.session.gone();
  one.handovers.claims[0]?.answer({ kind: 'counts', sender: '', written });
  assert.deepEqual([one.gate.submitted, one.handovers.over, heard(one)], [[], [], '']);
});

test('the field counts wherever it is, and readers learn of the script before any field', () => {
  const one = talk(
    fields(
      ['DKIM-Signature', 'v=1; a=rsa-sha256'],
      ['X-Spam', 'no'],
      ['X-Postern-Submission', value],
      ['Subject', 'Hi'],
    ),
  );
  one.handovers.claims[0]?.answer({ kind: 'counts', sender: '', written });
  assert.equal(one.gate.submitted[0]?.message.account, 'script:/var/www/shop/contact.php');
  assert.equal(one.reading.started[0]?.account, 'script:/var/www/shop/contact.php');
  assert.deepEqual(
    one.reading.headers.map(([name]) => name),
    ['DKIM-Signature', 'X-Spam', 'Subject'],
  );
  assert.equal(heard(one), 'mc');
  assert.deepEqual(one.handovers.over, [token]);
});

test('fields without the right token are removed and counted', () => {
  const other = value.replace(/a{32}/, 'b'.repeat(32));
  const removed = (header: readonly Buffer[]) => {
    const one = talk(header);
    one.handovers.claims[0]?.answer({ kind: 'counts', sender: '', written });
    const { message } = one.gate.submitted[0] ?? assert.fail();
    return {
      account: message.account,
      heard: /m*c$/.exec(one.before + heard(one))?.[0],
      forged: one.talking.counted.includes('postern_sendmail_forged_fields_total'),
    };
  };
  const script = 'script:/var/www/shop/contact.php';
  const user = 'local:www@here.example';
  const forged = ['X-Postern-Submission', other] as const;
  const ours = ['X-Postern-Submission', value] as const;
  const spaced = ['X-Postern-Submission ', 'x'] as const;
  assert.deepEqual(removed(fields(forged)), { account: user, heard: 'mc', forged: true });
  assert.deepEqual(removed(fields(forged, ours)), { account: script, heard: 'mmc', forged: true });
  assert.deepEqual(removed(fields(ours, forged, spaced)), {
    account: script,
    heard: 'mmmc',
    forged: true,
  });
  assert.deepEqual(removed(fields(ours, ours)), { account: script, heard: 'mmc', forged: true });
});

test('of very many fields in front the field is still found', () => {
  const many = Array.from({ length: 300 }, (_, nth) => [`X-${nth}`, 'x'.repeat(1_000)] as const);
  const one = talk(fields(...many, ['X-Postern-Submission', value]));
  one.handovers.claims[0]?.answer({ kind: 'counts', sender: '', written });
  assert.equal(one.gate.submitted[0]?.message.account, 'script:/var/www/shop/contact.php');
  assert.equal(one.reading.headers.length, 300);
});

test('in mail that comes by SMTP it means nothing', () => {
  const one = talk(fields(['X-Postern-Submission', value]), { connection: mta.connect() });
  assert.equal(one.handovers.claims.length, 0);
  assert.equal(one.gate.submitted[0]?.message.account, 'client:192.0.2.7');
});
