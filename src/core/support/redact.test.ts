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
  // Tables and settings of Postfix that are not in a file.
  ['smtp_sasl_password_maps = inline:{ {[r.test]:587=u:hunter2} {o=u:s3cond} }', ['hunt', 's3c']],
  ['smtp_sasl_password_maps = texthash:/etc/x, static:relay:hunter2', ['hunter2']],
  ['lmtp_sasl_password_maps=static:{joe:two words}', ['two', 'words']],
  ['virtual_alias_maps = inline:{ info=ann@x.test, sales=carol }', ['carol', 'ann']],
  ['x = ldap:{ server_host=ldap bind_pw=hunter2 } next', ['hunter2']],
  ['header_checks = pcre:{ {/^Subject: parcel/ REJECT} }', ['parcel']],
  ['o = smtpd -o { my_password = two words }', ['two', 'words']],
  ['ldap_bind_pw = hunter2', ['hunter2']],
  ['sql_pass = hunter2 and more', ['hunter2', 'more']],
  ['user=postfix dbpass=hunter2 db=mail', ['hunter2']],
  ['passphrase = "one" two', ['one', 'two']],
  // A password may have the signs that end one.
  ['mysql://postfix:hunt/er2@db/mail', ['hunt', 'er2']],
  ['pgsql:postgresql://postfix:hunt@er2@db/mail', ['hunt', 'er2']],
  ['https://api.test/x?token=hunter2', ['hunter2']],
  ['{"why":"failed: curl -u joe:hunter2 https://x"}', ['hunter2']],
  ['["/usr/bin/curl","--user","joe:hunter2"]', ['hunter2']],
  // Addresses whose local part has signs of its own, and another address in it.
  ['to "ann weber"@firma.test', ['ann', 'weber']],
  ['from=bob=firma.test@bounce.test', ['bob', 'firma']],
  ['from=<SRS0=aB3d=XY=firma.test=bob@fwd.test>', ['firma', 'bob']],
  ['reject: header Subject: secret plan', ['secret', 'plan']],
  // A line that was cut.
  ['{"event":"x","subject":"Your parcel wai', ['parcel']],
  ['{"recipients":["a@b.example","c@d.exa', ['a@b', 'c@d']],
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

test('what stands around a removed value stays', () => {
  const { clean } = openRedactor();
  assert.equal(clean('a = inline:{ b=c } d'), 'a = inline:[removed] d');
  assert.equal(clean('a = inline:{ b=c, hash:/etc/x'), 'a = inline:[removed]');
  assert.equal(clean('to=joe@here.test, relay=none'), 'to=address-1, relay=none');
  assert.equal(clean('https://ops:hunter2@here.test:8/'), 'https://here.test:8/');
  assert.equal(clean('spf=pass dkim=pass'), 'spf=pass dkim=pass');
});

test('a very long line is cut, because a search in it takes long', () => {
  const { clean } = openRedactor();
  const text = clean(`${'a'.repeat(2_000_000)}\nnext`);
  assert.ok(text.length < 5_000);
  assert.match(text, /\[cut\]\nnext$/);
});

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
