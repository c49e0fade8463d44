/**
 * Checks against configurations that are right, wrong, and wrong in the ways that people get them
 * wrong.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDovecot } from './checklist/dovecot.ts';
import { checkClock, checkDisk, checkNode } from './checklist/machine.ts';
import { checkPostfix } from './checklist/postfix.ts';
import { worst } from './finding.ts';

const queueDirectory = '/var/spool/postfix';
const doors = {
  milter: ['inet:127.0.0.1:8893'],
  inbound: [`unix:${queueDirectory}/postern/inbound`],
  policy: ['inet:127.0.0.1:8894'],
};
const ours = `postern_when_down = tempfail
postern_milter = { inet:127.0.0.1:8893, default_action=$postern_when_down }
postern_inbound = { unix:postern/inbound, command_timeout=3s, default_action=accept }
postern_policy = check_policy_service { inet:127.0.0.1:8894, default_action=DUNNO }
smtpd_milters = $postern_milter
non_smtpd_milters = $smtpd_milters
enable_long_queue_ids = yes
`;
const asks = (list: string): string =>
  `  -o smtpd_${list}_restrictions=$postern_policy,permit_sasl_authenticated,reject\n`;
const submission = `submission inet n - y - - smtpd
  -o smtpd_sasl_auth_enable=yes
${asks('recipient')}  -o smtpd_data_restrictions=$postern_policy
  -o smtpd_end_of_data_restrictions=$postern_policy
`;
const inbound = 'smtp inet n - y - - smtpd\n  -o postern_milter=$postern_inbound\n';
const pickup = 'pickup unix n - y 60 1 pickup\n';

type Row = readonly [name: string, main: string, master: string, wanted: readonly string[]];
const rows: readonly Row[] = [
  ['all is well', ours, inbound + submission + pickup, []],
  [
    'port 25 as 0.1 connected it',
    ours,
    `smtp inet n - y - - smtpd\n  -o postern_when_down=accept\n${submission}${pickup}`,
    ['warn postfix.smtp.milter'],
  ],
  [
    'addresses where no door is',
    ours.replaceAll('889', '999'),
    inbound + submission + pickup,
    [
      'fail postfix.submission.milter',
      'warn postfix.submission.policy',
      'fail postfix.local.milter',
    ],
  ],
  [
    'nothing is connected',
    '',
    inbound + submission + pickup,
    [
      'warn postfix.smtp.milter',
      'fail postfix.submission.milter',
      'warn postfix.submission.policy',
      'fail postfix.local.milter',
      'warn postfix.long-queue-ids',
    ],
  ],
  [
    'submission empties the milters',
    ours,
    inbound + submission.replace('\n', '\n  -o smtpd_milters=\n') + pickup,
    ['fail postfix.submission.milter'],
  ],
  [
    'no_milters on submission',
    ours,
    submission.replace('\n', '\n  -o receive_override_options=no_milters\n') + pickup,
    ['fail postfix.submission.milter'],
  ],
  [
    'port 25 bypasses the guard, without logins',
    ours,
    `${inbound}  -o smtpd_milters=\n${submission}${pickup}`,
    ['warn postfix.smtp.milter'],
  ],
  [
    'port 25 bypasses the guard, with logins',
    ours,
    `${inbound}  -o smtpd_milters=\n  -o smtpd_sasl_auth_enable=yes\n${pickup}`,
    ['fail postfix.smtp.milter', 'warn postfix.smtp.policy'],
  ],
  [
    'a permit stands before the policy',
    ours,
    submission.replace(
      '=$postern_policy,permit_sasl_authenticated',
      '=permit_sasl_authenticated,$postern_policy',
    ) + pickup,
    ['warn postfix.submission.policy'],
  ],
  [
    'local mail bypasses the guard',
    ours.replace('non_smtpd_milters = $smtpd_milters\n', ''),
    submission + pickup,
    ['fail postfix.local.milter'],
  ],
  [
    'unguarded while away',
    ours.replace('= tempfail', '= accept'),
    submission + pickup,
    ['warn postfix.submission.milter'],
  ],
  [
    'somebody refuses at the end of data',
    ours,
    submission.replace(
      'end_of_data_restrictions=$postern_policy',
      'end_of_data_restrictions=$postern_policy,check_policy_service,inet:127.0.0.1:7777',
    ) + pickup,
    ['warn postfix.submission.late-refusal'],
  ],
  [
    'maps switch milters off',
    `${ours}smtpd_milter_maps = cidr:/etc/postfix/no-milter\n`,
    submission + pickup,
    ['warn postfix.milter-maps'],
  ],
  [
    'a filter brings mail back through the milter',
    `${ours}content_filter = amavis:[127.0.0.1]:10024\n`,
    `${submission}127.0.0.1:10025 inet n - y - - smtpd\n  -o content_filter=\n${pickup}`,
    ['warn postfix.127.0.0.1:10025.returning'],
  ],
  [
    'a filter on other machines may return mail, and so may these machines',
    ours,
    `${submission}10025 inet n - y - - smtpd\n  -o content_filter=\n  -o postern_milter=\n` +
      `  -o smtpd_milters=\n  -o mynetworks=172.16.0.0/12\n${pickup}`,
    ['warn postfix.10025.returning'],
  ],
  [
    'a filter before the queue hides the content where users log in',
    ours,
    `${submission}  -o smtpd_proxy_filter=127.0.0.1:10024\n${pickup}`,
    ['fail postfix.submission.milter'],
  ],
  ['no smtpd at all', ours, pickup, ['warn postfix.smtpd']],
];
test('of several instances, doctor names the doors in the queue directory of this one', () => {
  const other = '/var/spool/postfix-out';
  const places = (door: string): readonly string[] => [
    `unix:${other}/postern/${door}`,
    `unix:${queueDirectory}/postern/${door}`,
  ];
  const both = { milter: places('milter'), inbound: [], policy: places('policy') };
  const found = (queue: string): readonly string[] =>
    checkPostfix({ main: '', master: `${submission}${pickup}`, doors: both, queueDirectory: queue })
      .filter(({ kind }) => kind !== 'ok')
      .map(({ wanted }) => /unix:\S+/.exec(wanted)?.[0] ?? '')
      .filter((text) => text !== '');
  for (const queue of [queueDirectory, other]) {
    assert.ok(found(queue).length >= 3);
    assert.deepEqual([...new Set(found(queue))].sort(), [
      `unix:${queue}/postern/milter`,
      `unix:${queue}/postern/policy`,
    ]);
  }
});

for (const [name, main, master, wanted] of rows) {
  test(`doctor sees: ${name}`, () => {
    const findings = checkPostfix({ main, master, doors, queueDirectory });
    const bad = findings.filter(({ kind }) => kind !== 'ok');
    assert.deepEqual(
      bad.map(({ kind, id }) => `${kind} ${id}`),
      wanted,
    );
    for (const one of bad)
      assert.ok(one.fix !== '' && one.wanted !== '', `${one.id} says what to do`);
    const kinds = wanted.map((one) => one.split(' ')[0]);
    assert.equal(worst(findings), kinds.includes('fail') ? 'fail' : (kinds[0] ?? 'ok'));
  });
}

const deny = (more: string): string => `passdb {
  args = /deny
${more}  driver = passwd-file
}
`;
const denyLower =
  'passdb {\n  deny = yes\n  driver = passwd-file\n  args = username_format=%Lu /deny\n}\n';
const version24 = 'dovecot_config_version = 2.4.0\n';
const lower24 = '  auth_username_format = %{user | lower}\n';
const deny24 = (denies = 'yes', more = ''): string => `passdb postern {
${more}  deny = ${denies}
  driver = passwd-file
  passwd_file_path = /deny
}
`;
const users24 = `passdb passwd-file {
  default_password_scheme = PLAIN
  fields {
    deny = yes
  }
  passwd_file_path = /users
}
`;
const pam = 'passdb {\n  driver = pam\n}\n';
const dovecot = [
  ['the deny file first', deny('  deny = yes\n') + pam, 'ok'],
  ['no deny file', pam, 'warn'],
  ['the deny file last', pam + deny('  deny = yes\n'), 'fail'],
  ['a deny file that does not deny', deny('') + pam, 'fail'],
  [
    'capitals that stay as they are',
    `auth_username_format = %u\n${deny('  deny = yes\n')}`,
    'fail',
  ],
  ['capitals lowered for all', `auth_username_format = %Ln\n${deny('  deny = yes\n')}`, 'ok'],
  ['capitals lowered for the list', `auth_username_format = %u\n${denyLower}`, 'ok'],
  ['2.4: the deny file first', version24 + deny24() + users24, 'ok'],
  ['2.4: no deny file', version24 + users24, 'warn'],
  ['2.4: the deny file last', version24 + users24 + deny24(), 'fail'],
  ['2.4: a deny file that does not deny', version24 + deny24('no') + users24, 'fail'],
  ['2.4: capitals stay', `${version24}auth_username_format = %{user}\n${deny24()}`, 'fail'],
  [
    '2.4: capitals lowered for the list',
    `${version24}auth_username_format = %{user}\n${deny24('yes', lower24)}`,
    'ok',
  ],
] as const;
for (const [name, configuration, kind] of dovecot) {
  test(`doctor sees in Dovecot: ${name}`, () =>
    assert.equal(checkDovecot(configuration, '/deny').kind, kind));
}

test('doctor shows the lines that this version of Dovecot reads', () => {
  const fixOf = (configuration: string): string => {
    const finding = checkDovecot(configuration, '/deny');
    return finding.kind === 'ok' ? '' : finding.fix;
  };
  assert.match(fixOf(pam), /^passdb \{\n[^}]*args = username_format=%Lu \/deny$/m);
  assert.match(fixOf(version24), /^passdb postern \{\n[^}]*passwd_file_path = \/deny$/m);
});

test('doctor sees the machine', () => {
  assert.equal(checkNode('24.21.0').kind, 'ok');
  assert.equal(checkNode('24.3.0').kind, 'fail');
  assert.equal(checkNode('26.0.0').kind, 'ok');
  const disk = (mb: number) =>
    checkDisk('/x', { freeBytes: mb * 1_048_576, totalBytes: 1e12 }).kind;
  assert.deepEqual([disk(10), disk(100), disk(10_000)], ['fail', 'warn', 'ok']);
  assert.equal(checkClock({ synchronised: true, daemonAheadMs: -60_000 }).kind, 'warn');
  assert.equal(checkClock({ synchronised: undefined, daemonAheadMs: 3 }).kind, 'unknown');
});
