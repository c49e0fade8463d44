import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseAuthenticationResults,
  printAuthenticationResults,
} from '../../formats/message/authentication-results.ts';
import { authenticationResults, type InboundResults } from './results.ts';

const good: InboundResults = {
  queueId: '4ABC',
  client: '2001:db8::1',
  helo: 'out.example.org',
  sender: 'joe@example.org',
  spf: {
    result: 'pass',
    domain: 'example.org',
    identity: 'mailfrom',
    why: 'ip6:2001:db8::/32 of example.org: it is in there',
  },
  dkim: [
    {
      result: 'pass',
      domain: 'example.org',
      selector: 'mail',
      algorithm: 'rsa-sha256',
      identity: '@example.org',
      mark: 'ab/c+d==',
      covers: ['from'],
      why: '2048-bit key',
    },
  ],
  dmarc: {
    result: 'pass',
    domain: 'example.org',
    policyDomain: 'example.org',
    policy: 'reject',
    disposition: 'none',
    aligned: [],
    sentence: 'SPF passed for example.org',
  },
  arc: { result: 'pass', instances: 2, domain: 'list.example', why: 'sealed by list.example' },
  iprev: {
    result: 'pass',
    name: 'out.example.org',
    reverse: 'out.example.org',
    sentence: '2001:db8::1 is out.example.org',
  },
  forged: 0,
  late: false,
};
const field = (results: InboundResults): string =>
  printAuthenticationResults(authenticationResults(results, 'mx.example.net'));

test('what was found out, as a field', () => {
  assert.equal(
    field(good),
    ` mx.example.net;
	spf=pass (ip6:2001:db8::/32 of example.org: it is in there)
	smtp.mailfrom=joe@example.org;
	dkim=pass (2048-bit key) header.d=example.org header.s=mail
	header.i=@example.org header.a=rsa-sha256 header.b="ab/c+d==";
	dmarc=pass (SPF passed for example.org) header.from=example.org;
	arc=pass (i=2: sealed by list.example) smtp.remote-ip="2001:db8::1";
	iprev=pass (2001:db8::1 is out.example.org) policy.iprev="2001:db8::1"`,
  );
});

test('nothing found, and nobody there', () => {
  const text = field({
    ...good,
    sender: '',
    client: '192.0.2.1',
    spf: { result: 'none', domain: 'out.example.org', identity: 'helo', why: '' },
    dkim: [],
    dmarc: { ...good.dmarc, result: 'fail', disposition: 'quarantine', sentence: 'so' },
    arc: { result: 'none', instances: 0, domain: '', why: '' },
    iprev: { result: 'permerror', name: '', reverse: '', sentence: '192.0.2.1 has no name' },
  });
  assert.equal(
    text,
    ` mx.example.net;
	spf=none smtp.helo=out.example.org;
	dkim=none (no signature);
	dmarc=fail (so) header.from=example.org policy.dmarc=quarantine;
	iprev=permerror (192.0.2.1 has no name) policy.iprev=192.0.2.1`,
  );
});

test('what strangers made us repeat stays in its place', () => {
  const trick = 'a)\r\n\tdkim=pass (\u0000"; arc=pass x.y=z\\';
  const text = field({
    ...good,
    helo: trick,
    sender: `${trick}@exämple.org`,
    spf: { ...good.spf, why: `${trick.repeat(20)} ü` },
    dkim: good.dkim.map((one) => ({ ...one, domain: trick, identity: trick, why: trick })),
    dmarc: { ...good.dmarc, sentence: trick },
  });
  assert.match(text, /^[ -~\n\t]*$/);
  const read = parseAuthenticationResults(text);
  assert.ok(read.ok);
  assert.deepEqual(
    read.value.results.map(({ method }) => method),
    ['spf', 'dkim', 'dmarc', 'arc', 'iprev'],
  );
  assert.deepEqual(read.value.results[0]?.properties, [
    { type: 'smtp', name: 'mailfrom', value: 'example.org' },
  ]);
  for (const line of text.split('\n')) assert.ok(line.length < 500);
});
