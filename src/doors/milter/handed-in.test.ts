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

test('only the first field counts; all that look like it are taken out', () => {
  const other = value.replace(/a{32}/, 'b'.repeat(32));
  const fake = talk(fields(['Subject', 'Hi'], ['X-Postern-Submission', value]));
  assert.equal(fake.before.slice(-2), 'mc');
  assert.equal(fake.gate.submitted[0]?.message.account, 'local:www@here.example');
  assert.equal(fake.handovers.claims.length, 0);
  const unknown = talk(fields(['X-Postern-Submission', other], ['X-Postern-Submission', value]));
  assert.equal(unknown.gate.submitted[0]?.message.account, 'local:www@here.example');
  assert.equal(unknown.before.slice(-3), 'mmc');
  const both = talk(fields(['X-Postern-Submission', value], ['X-Postern-Submission', other]));
  both.handovers.claims[0]?.answer({ kind: 'counts', sender: '', written });
  assert.equal(both.gate.submitted[0]?.message.account, 'script:/var/www/shop/contact.php');
  assert.equal(heard(both), 'mmc');
});

test('in mail that comes by SMTP it means nothing', () => {
  const one = talk(fields(['X-Postern-Submission', value]), { connection: mta.connect() });
  assert.equal(one.handovers.claims.length, 0);
  assert.equal(one.gate.submitted[0]?.message.account, 'client:192.0.2.7');
});
