/**
 * Mail without a login: what a client sends elsewhere is its own, but only one that may relay
 * speaks for us.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Conversation,
  mta,
  pass,
  RecordingGate,
  RecordingReading,
  refuse,
} from '../../../test/mta/script.ts';

const edit = { kind: 'insert', index: 0, name: 'X-Read', value: ' x' } as const;
const content = [mta.header('From', ' ceo@here.example'), mta.body('y')];
const localDomains = new Set(['here.example', '.wide.example']);

test('mail for our own domains does not leave, whatever transport brings it to them', () => {
  for (const [to, transport] of [
    ['ceo@here.example', 'smtp'],
    ['CEO@Here.Example.', 'mailman'],
    ['ceo@a.wide.example', 'smtp'],
  ] as const) {
    const reading = new RecordingReading([edit]);
    const talk = new Conversation(undefined, { localDomains }, reading).greet();
    const mail = [mta.mail('<x@evil.example>'), mta.rcpt(`<${to}>`, transport)];
    assert.equal(talk.commands([...mail, ...content, mta.end('QUEUE1')]), 'cic', to);
    assert.deepEqual(
      reading.started.map(({ by, account }) => [by, account]),
      [[undefined, undefined]],
    );
    assert.deepEqual([talk.gate.begun, talk.gate.submitted], [[], []]);
  }
});

const clients = [
  ['192.0.2.7', undefined],
  ['192.0.2.8', 'client'],
] as const;
for (const [address, by] of clients) {
  test(`mail that leaves for ${address} is judged as its own, and read as by ${by}`, () => {
    const reading = new RecordingReading([edit]);
    const mayRelay = (client: string): boolean => client === '192.0.2.8';
    const talk = new Conversation(undefined, { localDomains, mayRelay }, reading);
    talk.greet(undefined, mta.connect(address));
    const mail = [mta.mail('<x@evil.example>'), mta.rcpt('<a@there.example>', 'smtp')];
    assert.equal(talk.commands([...mail, ...content, mta.end('QUEUE1')]), 'cic');
    const account = by === undefined ? undefined : `client:${address}`;
    assert.deepEqual(
      reading.started.map((start) => [start.by, start.account, start.client]),
      [[by, account, address]],
    );
    assert.deepEqual(
      talk.gate.submitted.map(({ message }) => message.account),
      [`client:${address}`],
    );
    const counted = by === undefined ? ['postern_milter_faults_total unlisted-client'] : [];
    assert.deepEqual(talk.counted, counted);
  });
}

test('a login speaks for us from anywhere', () => {
  const reading = new RecordingReading([edit]);
  const talk = new Conversation(undefined, { mayRelay: () => false }, reading).greet();
  talk.say(mta.message('joe'));
  assert.deepEqual(
    reading.started.map(({ by }) => by),
    ['login'],
  );
});

test('a client that is refused: what is left for our own domains is a stranger’s', () => {
  const gate = new RecordingGate({ begin: (who) => (who.by === 'client' ? refuse : pass) });
  const reading = new RecordingReading([edit]);
  const options = { localDomains, mayRelay: () => true };
  const talk = new Conversation(gate, options, reading).greet();
  const mail = [mta.mail('<a@b>'), mta.rcpt('<c@out>', 'smtp'), mta.rcpt('<d@here.example>', 'x')];
  assert.equal(talk.commands([...mail, ...content, mta.end('QUEUE1')]), 'ycic');
  assert.deepEqual(
    reading.started.map(({ by }) => by),
    [undefined],
  );
});
