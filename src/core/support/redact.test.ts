import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openRedactor } from './redact.ts';

/** A line, and what must not be left. */
const planted: readonly (readonly [string, readonly string[]])[] = [
  ['webhook = "https://hooks.example.org/services/T01/B02/xyzzy"', ['xyzzy', 'services']],
  ['url https://ops:hunter2@mail.example.org/', ['hunter2', 'ops:']],
  ['password = "correct horse"', ['correct', 'horse']],
  ['smtp_sasl_password_maps = static:relay:s3same', ['s3same']],
  ['Authorization: Bearer abcdef', ['abcdef']],
  ['token: 4f1a', ['4f1a']],
  ['API_KEY=q1w2e3', ['q1w2e3']],
  ['mail of joe.weber@example.org is held', ['joe', 'weber', 'example.org']],
  ['to <müller@exämple.de>, "Ann" <ann+x@sub.example.net>', ['müller', 'exämple', 'ann+x']],
  [
    '{"event":"x","subject":"Your \\"parcel\\" waits","account":"joe@here.test"}',
    ['parcel', 'joe'],
  ],
  ['{"recipients":["a@b.example","c@d.example"],"at":3}', ['a@b', 'c@d']],
  ['{"body":"Dear friend","queueId":"4bXm"}', ['Dear']],
  ['Subject: Minutes of the meeting', ['Minutes']],
  ['searched “holiday pictures” as subject', ['holiday']],
  ['script:/var/www/shop/contact.php sent 3', ['shop', 'contact']],
  ['user:backup and local:www-data@mail.example.org', ['backup', 'www-data']],
  ['client 203.0.113.77 and 2001:db8:17::25', ['203.0.113.77', '2001:db8']],
  ['the login joeweber was closed', ['joeweber']],
  ['the secret of the state is zAb-plain-value', ['zAb-plain-value']],
  ['p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1234', ['MIIB']],
  ['k9Qm3vT7xB2nR5wY8zC1dF4g', ['k9Qm3v']],
];

for (const [line, secrets] of planted) {
  test(`nothing is left: ${line.slice(0, 40)}`, () => {
    const redactor = openRedactor();
    redactor.learn(['joeweber', 'joe@here.test']);
    redactor.hide(['zAb-plain-value']);
    const text = redactor.clean(line);
    for (const secret of secrets) assert.ok(!text.includes(secret), text);
  });
}

test('one name has one stand-in, whatever stands around it', () => {
  const { clean } = openRedactor();
  const first = clean('mail of joe@here.test is held; ann@here.test');
  assert.equal(first, 'mail of address-1 is held; address-2');
  assert.equal(clean('"Joe@Here.test" again'), '"address-1" again');
});

test('what helps stays: versions, numbers, times, settings, loopback', () => {
  const { clean } = openRedactor();
  for (const line of [
    'Postfix 3.7.11, Node v24.12.0, Linux 6.1.0-28-amd64',
    'smtpd_milters = unix:postern/milter',
    '2026-11-29 15:04:05Z  info   guard.ready  milter=inet:127.0.0.1:9900',
    'postern_verdicts_total{verdict="pass"} 18204',
    'FAIL Notices: no channel is configured',
  ]) {
    assert.equal(clean(line), line);
  }
});

test('no address survives, wherever it stands', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9._]{0,20}$/);
  fc.assert(
    fc.property(word, word, fc.string(), (local, host, around) => {
      const text = openRedactor().clean(`${around} ${local}@${host}.example ${around}`);
      assert.ok(!text.includes(`${local}@${host}`), text);
    }),
  );
});
