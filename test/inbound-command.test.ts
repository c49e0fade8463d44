/** `postern inbound import`: what is read from old logs, and what the guard gets. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { operator } from '../src/commands/guard/client.ts';
import { postern, stateFolder } from './command-line.ts';
import { stage, testToken } from './doubles/client.ts';

/** Postfix lines: `count` messages of our users to others, each on its own. */
function log(count: number): string {
  return Array.from({ length: count }, (_, nth) => {
    const id = `4bXo${String(nth).padStart(5, '0')}zz1`;
    const head = 'Jun  3 10:00:00 mail postfix';
    return [
      `${head}/smtpd[7]: ${id}: client=pc[203.0.113.4], sasl_method=PLAIN, sasl_username=ann`,
      `${head}/cleanup[8]: ${id}: message-id=<${id}@ours.test>`,
      `${head}/qmgr[9]: ${id}: from=<ann@ours.test>, size=900, nrcpt=1 (queue active)`,
      `${head}/smtp[10]: ${id}: to=<friend${nth}@far.test>, relay=mx.far.test[192.0.2.9]:25, ` +
        'delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)',
      `${head}/qmgr[9]: ${id}: removed`,
      '',
    ].join('\n');
  }).join('');
}

test('what was read is said, and the guard gets all in requests that it takes', async () => {
  await using at = await stage('quiet');
  const doors = { milter: 'inet:127.0.0.1:9', policy: 'inet:127.0.0.1:9', http: at.door.address };
  await using state = await stateFolder({ doors, token: testToken });
  const file = join(state.path, 'mail.log.1.gz');
  writeFileSync(file, gzipSync(log(1_000)));
  const words = ['inbound', 'import', file, '--domain', 'ours.test', '--state', state.path];
  const dry = await postern(...words, '--dry-run');
  assert.deepEqual([dry.exit, dry.err, at.calls], [0, '', []]);
  assert.match(dry.out, /^5000 lines read: \d+ tell about mail/);
  assert.match(dry.out, /1000 deliveries of our users to others: 1000 addresses\.\n/);
  assert.match(dry.out, /Nothing was taken over\.\n$/);
  const ran = await postern(...words);
  assert.deepEqual([ran.exit, ran.err], [0, '']);
  assert.match(ran.out, /1000 names were taken over\.\n$/);
  const learned = at.calls.map((call) => Number(/^learn (\d+) by /.exec(call)?.[1]));
  assert.equal(
    learned.reduce((sum, one) => sum + one, 0),
    1_000,
  );
});

test('a file that is no log of mail: 65; one that is not there: 66', async () => {
  await using state = await stateFolder();
  const file = join(state.path, 'other.log');
  writeFileSync(file, 'Jun  3 10:00:00 mail sshd[1]: Server listening\n');
  const words = ['--domain', 'ours.test', '--state', state.path];
  const none = await postern('inbound', 'import', file, ...words);
  assert.equal(none.exit, 65);
  assert.match(none.err, /none of 1 lines is about mail/);
  assert.equal((await postern('inbound', 'import', `${file}.2`, ...words)).exit, 66);
});

test('at-risk ends with 1 while something is at risk', async () => {
  await using at = await stage('hijack');
  const doors = { milter: 'inet:127.0.0.1:9', policy: 'inet:127.0.0.1:9', http: at.door.address };
  await using state = await stateFolder({ doors, token: testToken });
  const ran = await postern('inbound', 'at-risk', '--state', state.path);
  assert.match(ran.out, /^ {4}from alarm@heating\.example \(192\.0\.2\.40\) to ann@example\.net$/m);
  assert.equal(process.exitCode, 1);
  process.exitCode = 0;
});

test('allow, forget, release and drop reach the guard with who asked', async () => {
  await using at = await stage('hijack');
  const doors = { milter: 'inet:127.0.0.1:9', policy: 'inet:127.0.0.1:9', http: at.door.address };
  await using state = await stateFolder({ doors, token: testToken });
  const who = operator();
  for (const [words, want] of [
    [['inbound', 'allow', '@shop.example', '--note', 'x'], `allow @shop.example (x) by ${who}`],
    [['inbound', 'forget', '@shop.example'], `forget sender @shop.example by ${who}`],
    [['quarantine', 'release', '4cQuarant1z1'], `release incoming 4cQuarant1z1 by ${who}`],
    [['quarantine', 'drop', '4cQuarant1z1', '--yes'], `drop incoming 4cQuarant1z1 by ${who}`],
  ] as const) {
    const ran = await postern(...words, '--state', state.path);
    assert.deepEqual([ran.exit, ran.err, at.calls.splice(0)], [0, '', [want]], words.join(' '));
  }
});

for (const [words, line] of [
  [['inbound', 'allow', 'nobody'], /address, a domain such as @example\.org, or a network/],
  [['quarantine', 'drop', '4cQuarant1z1'], /not a terminal/],
  [['quarantine', 'release', 'x y'], /not a queue id/],
] as const) {
  test(`${words.join(' ')}: 64`, async () => {
    const ran = await postern(...words);
    assert.deepEqual([ran.exit, ran.out], [64, '']);
    assert.match(ran.err, line);
  });
}
