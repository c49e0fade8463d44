/** What main.cf asks of Postern, and where the doors are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMainCf } from '../../formats/postfix/main-cf.ts';
import { doorsAsked, doorsDiffer, queueDirectoryOf, sameAddress, socketsOf } from './doors.ts';

const queue = '/var/spool/postfix';
const sockets = socketsOf(queue);
const now = `
queue_directory = /var/spool/postfix
postern_when_down = tempfail
postern_milter = { unix:postern/milter, connect_timeout=5s, default_action=$postern_when_down }
postern_inbound = { unix:postern/inbound, connect_timeout=2s, default_action=accept }
postern_policy = check_policy_service { unix:postern/policy, timeout=10s, default_action=DUNNO }
smtpd_milters = inet:127.0.0.1:8891, $postern_milter
`;
const old = now
  .replaceAll('unix:postern/milter', 'inet:127.0.0.1:9900')
  .replaceAll('unix:postern/policy', 'inet:localhost:9901')
  .replace(/^postern_inbound.*\n/m, '');
const places = (milter: string[], inbound: string[], policy: string[]) => ({
  milter,
  inbound,
  policy,
});
const own = places([sockets.milter], [sockets.inbound], [sockets.policy]);
const tcp = places(['inet:127.0.0.1:9900'], [], ['inet:127.0.0.1:9901']);

test('the addresses that main.cf names', () => {
  assert.deepEqual(doorsAsked(parseMainCf(now), queue), own);
  assert.deepEqual(doorsAsked(parseMainCf(old), queue), tcp);
  assert.equal(queueDirectoryOf(parseMainCf(now)), queue);
  assert.equal(queueDirectoryOf(parseMainCf('queue_directory = $a/q\na = /x')), '/x/q');
});

test('addresses written by hand into a list, if only Postern uses them', () => {
  const main =
    'smtpd_milters = inet:localhost:9900, inet:127.0.0.1:8891, unix:postern/milter\n' +
    'smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10023,\n' +
    ' check_policy_service { inet:127.0.0.1:9901, timeout=1s }, permit_mynetworks\n';
  const milters = ['inet:127.0.0.1:9900', sockets.milter];
  const asked = places(milters, [], ['inet:127.0.0.1:9901']);
  assert.deepEqual(doorsAsked(parseMainCf(main), queue), asked);
  const nothing = doorsAsked(parseMainCf('smtpd_milters = unix:opendkim/milter\n'), queue);
  assert.deepEqual(nothing, places([], [], []));
});

const rows = [
  ['all where they are', now, own, []],
  ['not connected', '', own, []],
  ['0.1, and its addresses are open', old, tcp, []],
  ['one milter door for both', now.replace('postern/inbound', 'postern/milter'), own, []],
  ['0.1, and only sockets', old, own, ['inet:127.0.0.1:9900', 'inet:127.0.0.1:9901']],
  ['sockets, and only TCP', now, tcp, [sockets.milter, sockets.inbound, sockets.policy]],
  ['doors at all addresses', old, places(['inet:0.0.0.0:9900'], [], ['inet:[::]:9901']), []],
  ['the policy door is off', now, { ...own, policy: [] }, [sockets.policy]],
] as const;
for (const [name, main, open, missing] of rows) {
  test(`main.cf and the doors: ${name}`, () => {
    const wanted = missing.map((at) => `main.cf asks ${at}, where no door of this guard is`);
    assert.deepEqual(doorsDiffer(parseMainCf(main), queue, open), wanted);
  });
}

test('one address in several spellings', () => {
  assert.equal(sameAddress('INET:LocalHost:9900', queue), 'inet:127.0.0.1:9900');
  assert.equal(sameAddress('inet:[127.0.0.1]:9900', queue), 'inet:127.0.0.1:9900');
  assert.equal(sameAddress('inet:[::1]:9900', queue), 'inet:[::1]:9900');
  assert.equal(sameAddress('local:postern/milter', queue), sockets.milter);
  assert.equal(sameAddress('unix:/run/x', queue), 'unix:/run/x');
});
