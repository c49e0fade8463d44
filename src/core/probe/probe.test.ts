/** Judgements of a probe, on answers of a server that is made up here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DnsAnswer, DnsQuestion } from '../../formats/dns/question.ts';
import { answeredBy } from '../../formats/dns/question.ts';
import type { DnsData } from '../../formats/dns/record.ts';
import { clientHello, parseHelloAnswer } from '../../formats/tls/hello.ts';
import { dayMs, type Millis } from '../../lib/time.ts';
import type { ProbeHeard, SeenReply } from './dialogue.ts';
import { judgeNames } from './names.ts';
import { unknownCheck } from './recipients.ts';
import { relayCheck, relayWays } from './relay.ts';
import { smugglingCheck } from './smuggling.ts';
import { type ProbeCheck, type ProbeFinding, type ProbeTarget, probeOne } from './target.ts';
import { judgeCertificate } from './tls.ts';

const target: ProbeTarget = {
  address: '198.51.100.25',
  source: '203.0.113.9',
  trusted: false,
  host: '',
  domains: ['ours.test'],
  recipient: 'joe@ours.test',
  outside: 'nobody@elsewhere.invalid',
  ports: { smtp: 25, submission: undefined, submissions: undefined },
  mark: 'm1',
  now: 0 as Millis,
};

const code = (line: string): SeenReply => ({
  code: Number(line.slice(0, 3)),
  lines: [line.slice(4)],
});
const heard = (...lines: readonly string[]): ProbeHeard => ({
  replies: lines.map(code),
  end: undefined,
  tls: undefined,
  octets: '',
});

/** As many as Postfix has. */
const extensions: readonly string[] = [
  ...['PIPELINING', 'SIZE 10240000', 'VRFY', 'ETRN', 'STARTTLS', 'ENHANCEDSTATUSCODES'],
  ...['8BITMIME', 'DSN', 'SMTPUTF8', 'CHUNKING'],
];

/** Runs a check; `answer` gives the reply to a line. */
function told(
  check: ProbeCheck,
  answer: (line: string) => string,
  some: Partial<ProbeTarget> = {},
): readonly ProbeFinding[] {
  const probing = probeOne(check, { ...target, ...some });
  const hello: SeenReply = { code: 250, lines: ['ours.test', ...extensions] };
  let step = probing.next();
  while (step.done !== true) {
    const ask = step.value;
    const reply =
      ask.do === 'open'
        ? heard('220 ours.test ESMTP')
        : ask.do === 'send'
          ? /^EHLO/.test(ask.octets)
            ? { ...heard(), replies: [hello] }
            : heard(answer(ask.octets.trim()))
          : ask.do === 'finish'
            ? { ...heard(...answer(ask.octets).split('|').filter(Boolean)), end: 'closed' as const }
            : heard();
    step = probing.next(reply);
  }
  return step.value;
}
const faults = (findings: readonly ProbeFinding[]): readonly string[] =>
  findings.filter(({ kind }) => kind === 'fail' || kind === 'warn').map(({ id }) => id);
const kinds = (findings: readonly ProbeFinding[]): readonly string[] =>
  findings.map(({ id, kind }) => `${kind} ${id}`);

/** A server that refuses all recipients but ours, and what `takes` says. */
const server =
  (takes: (recipient: string, sender: string) => boolean) => (): ((line: string) => string) => {
    let sender = '';
    return (line) => {
      const [, from] = /^MAIL FROM:<(.*)>$/.exec(line) ?? [];
      if (from !== undefined) sender = from;
      const [, to] = /^RCPT TO:<(.*)>$/.exec(line) ?? [];
      if (to === undefined) return '250 ok';
      if (to === target.recipient || takes(to, sender)) return '250 ok';
      return '550 5.7.1 no';
    };
  };

test('relaying: each way alone is found under its own id', () => {
  const plain = `<${target.outside}>`;
  for (const way of relayWays(target, 'ours.test')) {
    if (`<${way.recipient}>` === plain || way.helo !== undefined) continue;
    const found = told(relayCheck, server((to) => to === way.recipient)());
    const ids = faults(found);
    assert.equal(ids.length, 1, `${way.what}: ${ids}`);
    assert.match(ids[0] ?? '', /^relay\.[a-z-]+$/);
    assert.match(found[0]?.transcript.join('\n') ?? '', /> RCPT TO:.*\n< 250 ok/);
  }
  const ids = relayWays(target, 'ours.test').map(({ what }) => what);
  assert.equal(new Set(ids).size, ids.length);
});

test('relaying: what looks like our recipient proves nothing where all are taken', () => {
  const found = told(relayCheck, server((to) => to.endsWith('@ours.test'))());
  assert.deepEqual(faults(found), []);
  assert.deepEqual(kinds(found), ['unknown relay.doubtful', 'ok relay']);
});

test('relaying: not judged for a client that the server trusts, nor without a domain', () => {
  const open = server(() => true);
  assert.deepEqual(kinds(told(relayCheck, open(), { trusted: true })), ['unknown relay']);
  assert.deepEqual(kinds(told(relayCheck, open(), { domains: [] })), ['unknown relay']);
  assert.deepEqual(faults(told(relayCheck, open())), ['relay.open']);
});

test('relaying: a refusal of the other domain alone proves nothing', () => {
  const found = told(relayCheck, (line) =>
    /^RCPT.*elsewhere/.test(line) ? '550 5.1.2 Domain not found' : '250 ok',
  );
  assert.ok(kinds(found).includes('unknown relay.unknown-domain'), kinds(found).join());
});

test('unknown recipients: each domain is asked', () => {
  const found = told(unknownCheck, server((to) => to.endsWith('@second.test'))(), {
    domains: ['ours.test', 'second.test'],
  });
  assert.deepEqual(kinds(found), ['fail unknown-recipient.second.test', 'ok unknown-recipient']);
});

test('smuggling: a refused line is no end of a message, an answered RSET is one', () => {
  const withEnd = (answer: string) => (line: string) =>
    line === 'DATA' ? '354 go on' : /^(?:MAIL|RCPT)/.test(line) ? '250 ok' : answer;
  assert.deepEqual(faults(told(smugglingCheck, withEnd(''))), []);
  assert.deepEqual(faults(told(smugglingCheck, withEnd('421 4.4.2 lost'))), []);
  assert.deepEqual(faults(told(smugglingCheck, withEnd('550 5.5.2 bare LF'))), []);
  for (const taken of ['250 queued', '554 5.4.0 too many hops|250 ok', '554 5.4.0 hops|554 sync']) {
    assert.deepEqual(faults(told(smugglingCheck, withEnd(taken))), ['smuggling'], taken);
  }
});

type Zone = Readonly<Record<string, DnsData | 'silent'>>;
const reverse = '25.100.51.198.in-addr.arpa';

function named(zone: Zone, greeting = 'mail.ours.test', hello = greeting): readonly string[] {
  const answer = ({ name, type }: DnsQuestion): DnsAnswer => {
    const data = zone[`${name} ${type}`];
    if (data === 'silent') return { kind: 'failure', reason: 'timeout', text: 'no answer' };
    return data === undefined
      ? { kind: 'none', exists: false, secure: false }
      : { kind: 'records', records: [{ ...data, name, ttlSeconds: 60 }], secure: false };
  };
  return kinds(answeredBy(judgeNames({ greeting, hello }, target), answer));
}

test('names: in both directions, and the same name everywhere', () => {
  const a: DnsData = { type: 'A', address: target.address };
  const ptr = (name: string): DnsData => ({ type: 'PTR', target: name });
  const good: Zone = { 'mail.ours.test A': a, [`${reverse} PTR`]: ptr('mail.ours.test') };
  assert.deepEqual(named(good), ['ok names']);
  assert.deepEqual(named(good, 'localhost'), ['warn names.greeting']);
  assert.deepEqual(named(good, 'mail.ours.test', 'mx.ours.test'), ['warn names.hello']);
  assert.deepEqual(named({ 'mail.ours.test A': a }), ['fail names.reverse']);
  assert.deepEqual(named({ [`${reverse} PTR`]: ptr('mail.ours.test') }), [
    'fail names.forward',
    'fail names.confirmed',
  ]);
  const other: Zone = { ...good, [`${reverse} PTR`]: ptr('host-25.isp.test') };
  assert.deepEqual(named(other), ['fail names.confirmed']);
  assert.deepEqual(named({ ...other, 'host-25.isp.test A': a }), ['warn names.differs']);
  const silent: Zone = { ...other, 'host-25.isp.test A': 'silent' };
  assert.deepEqual(named(silent), ['unknown names.confirmed'], 'no answer proves nothing');
});

test('certificates: dates, names, chain and key', () => {
  const now = 1_000 * dayMs;
  const sound = {
    names: ['*.ours.test'],
    from: (now - dayMs) as Millis,
    until: (now + 90 * dayMs) as Millis,
    untrusted: '',
    rsaBits: 2048,
  };
  const port = { name: 'submission', port: 587, implicit: false } as const;
  const ids = (some: Partial<typeof sound>, host = 'mail.ours.test'): readonly string[] =>
    judgeCertificate({ ...sound, ...some }, { host, now, port }).map(({ id }) =>
      id.replace('tls.submission.certificate.', ''),
    );
  assert.deepEqual(ids({}), []);
  assert.deepEqual(ids({}, 'a.mail.ours.test'), ['name']);
  assert.deepEqual(ids({ until: (now - dayMs) as Millis }), ['expired']);
  assert.deepEqual(ids({ until: (now + 3 * dayMs) as Millis }), ['ends-soon']);
  assert.deepEqual(ids({ from: (now + dayMs) as Millis }), ['not-yet']);
  assert.deepEqual(ids({ untrusted: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), ['untrusted']);
  assert.deepEqual(ids({ rsaBits: 1024 }), ['short-key']);
});

test('a TLS hello has the lengths that it says, and answers are read as they are written', () => {
  const hello = clientHello(0x0301, [0x0005, 0x000a]);
  assert.equal(hello.charCodeAt(3) * 256 + hello.charCodeAt(4), hello.length - 5);
  const body = `\x03\x01${'r'.repeat(32)}\x00\x00\x05\x00`;
  const answer = `\x16\x03\x01\x00\x2a\x02\x00\x00\x26${body}`;
  assert.deepEqual(parseHelloAnswer(answer), { kind: 'hello', version: 0x0301, cipher: 5 });
  assert.deepEqual(parseHelloAnswer('\x15\x03\x01\x00\x02\x02\x28'), { kind: 'refused' });
  assert.equal(parseHelloAnswer('454 4.7.0 TLS not available\r\n'), undefined);
  assert.equal(parseHelloAnswer(''), undefined);
});
