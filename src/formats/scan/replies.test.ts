import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { clamdStream, isClamdTooLarge, parseClamdReply } from './clamd.ts';
import { parseRspamdReply } from './rspamd.ts';
import { parseSpamdReply, reportRules, spamcHead, symbolRules } from './spamc.ts';

/** Garbage collection, now. */
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const report = `Spam detection software, running on the system "vm",
Content preview: 5.0 NOT_A_RULE nor this

Content analysis details:   (1000.8 points, 5.0 required)

 pts rule name              description
---- ---------------------- --------------------------------------------------
-0.0 NO_RELAYS              Informational: message was not relayed via SMTP
 0.8 A_RULE_WITH_A_LONG_NAME_THAT_RUNS_ON Some words
                            that go on in a second line
1000 GTUBE                  BODY: Generic Test for Unsolicited Bulk Email
 0.0 LAST
`;

test('spamd: score, threshold and the table of the report', () => {
  const head =
    `SPAMD/1.1 0 EX_OK\r\nContent-length: ${report.length}\r\nSpam: True ; 1000.8 / ` +
    '5.0\r\n\r\n';
  const reply = parseSpamdReply(Buffer.from(head + report));
  assert.ok(reply.ok);
  assert.deepEqual([reply.value.score, reply.value.required], [1000.8, 5]);
  assert.deepEqual(reportRules(reply.value.body), [
    {
      name: 'NO_RELAYS',
      points: 0,
      about: 'Informational: message was not relayed via SMTP',
    },
    {
      name: 'A_RULE_WITH_A_LONG_NAME_THAT_RUNS_ON',
      points: 0.8,
      about: 'Some words that go on in a second line',
    },
    { name: 'GTUBE', points: 1000, about: 'BODY: Generic Test for Unsolicited Bulk Email' },
    { name: 'LAST', points: 0, about: '' },
  ]);
  const shorter = head.replace(String(report.length), String(report.length - 9));
  const longer = parseSpamdReply(Buffer.from(shorter + report));
  assert.ok(longer.ok && reportRules(longer.value.body)?.length === 4);
  const cut = parseSpamdReply(Buffer.from(head + report.slice(5)));
  assert.deepEqual(cut, { ok: false, error: 'cut short' });
  assert.equal(reportRules(Buffer.from('We do not like 5.0 points\n')), undefined);
});

test('spamd: rules do not keep the report in memory, which quotes the message', () => {
  const hits: unknown[] = [];
  const octets = 4 * 1024 * 1024;
  const quoting = Buffer.from(`${report}${' '.repeat(octets - report.length)}`);
  collect();
  const before = process.memoryUsage();
  for (let n = 0; n < 8; n++) hits.push(reportRules(quoting));
  collect();
  const after = process.memoryUsage();
  const kept = after.heapUsed + after.external - before.heapUsed - before.external;
  assert.equal(hits.length, 8);
  assert.ok(kept < octets, `${kept} octets for eight reports`);
});

test('spamd: names, faults, lessons', () => {
  assert.deepEqual(symbolRules(Buffer.from('GTUBE,NO_RELAYS\r\n')), [
    { name: 'GTUBE', points: 0 },
    { name: 'NO_RELAYS', points: 0 },
  ]);
  const faults = ['SPAMD/1.0 76 Bad header line: x\r\n', '', 'HTTP/1.1 200 OK\r\n\r\n'];
  for (const text of faults) assert.ok(!parseSpamdReply(Buffer.from(text)).ok, text);
  const told = parseSpamdReply(Buffer.from('SPAMD/1.1 0 EX_OK\r\nDidSet: local\r\n\r\n'));
  assert.ok(told.ok && told.value.told === 'local');
  assert.equal(
    spamcHead('TELL', 12, { lesson: 'ham' }),
    'TELL SPAMC/1.5\r\nContent-length: 12\r\nMessage-class: ham\r\nSet: local\r\n\r\n',
  );
});

test('rspamd: its action, where it marks if it says so, its highest limit', () => {
  const symbols = { BAD: { score: 7.5, description: 'It is' }, ODD: 3 };
  const answer = { score: 7.5, required_score: 15, action: 'add header', symbols };
  const reply = parseRspamdReply(JSON.stringify(answer));
  assert.ok(reply.ok);
  const { score, action, isSpam, mark, highest } = reply.value;
  assert.deepEqual([score, action, isSpam, mark, highest], [7.5, 'add header', true, 0, 15]);
  assert.deepEqual(reply.ok && reply.value.rules, [
    { name: 'BAD', points: 7.5, about: 'It is' },
    { name: 'ODD', points: 0, about: '' },
  ]);
  const thresholds = { reject: 15, add_header: 8, rewrite_subject: null, greylist: 4 };
  const named = parseRspamdReply(JSON.stringify({ ...answer, action: 'greylist', thresholds }));
  assert.deepEqual(named.ok && [named.value.mark, named.value.isSpam], [8, false]);
  const unlimited = parseRspamdReply('{"score":7.5,"required_score":null,"action":"no action"}');
  assert.deepEqual(unlimited.ok && [unlimited.value.mark, unlimited.value.highest], [0, 0]);
  assert.deepEqual(parseRspamdReply('{"error":"no workers"}'), { ok: false, error: 'no workers' });
  const none = ['', '[]', 'null', '{"score":"1"}', '{"score":1e999,"action":"reject"}'];
  for (const text of none) assert.ok(!parseRspamdReply(text).ok, text);
  const odd = parseRspamdReply('{"score":1,"action":"x","symbols":{"A":{"score":-1e999}}}');
  assert.equal(odd.ok && odd.value.rules[0]?.points, 0);
});

test('clamd: what is found, for the command that asked', () => {
  assert.deepEqual(parseClamdReply('1: stream: OK', 1), { ok: true, value: '' });
  const found = parseClamdReply('2: stream: Eicar-Test-Signature.UNOFFICIAL FOUND', 2);
  assert.deepEqual(found, { ok: true, value: 'Eicar-Test-Signature.UNOFFICIAL' });
  assert.ok(!parseClamdReply('1: stream: OK', 2).ok);
  for (const reply of [
    'INSTREAM size limit exceeded. ERROR',
    '3: INSTREAM size limit exceeded. ERROR',
    '1: stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND',
  ]) {
    assert.ok(isClamdTooLarge(reply), reply);
  }
  assert.ok(!isClamdTooLarge('1: stream: Heuristics.Encrypted.Zip FOUND'));
  assert.ok(!parseClamdReply('INSTREAM size limit exceeded. ERROR', 1).ok);
  const bytes = Buffer.concat([...clamdStream(Buffer.alloc(70_000, 'x'))]);
  assert.equal(bytes.length, 'zINSTREAM\0'.length + 4 + 65_536 + 4 + 4_464 + 4);
});

test('whatever a scanner answers, reading it never fails', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (bytes, text) => {
      const reply = Buffer.from(bytes);
      parseSpamdReply(reply);
      parseSpamdReply(Buffer.from(`SPAMD/1.1 0 EX_OK\r\n${text}\r\n\r\n${text}`));
      reportRules(reply);
      symbolRules(reply);
      parseRspamdReply(text);
      parseClamdReply(text, 1);
    }),
  );
});
