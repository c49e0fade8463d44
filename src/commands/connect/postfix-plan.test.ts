/**
 * The plan on realistic files: what it adds, that it adds it once, and that the undo is its
 * inverse.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMainCf } from '../../formats/postfix/main-cf.ts';
import { parseMasterCf } from '../../formats/postfix/master-cf.ts';
import { expandedValue, smtpdServices } from '../../formats/postfix/services.ts';
import { unifiedDiff } from '../../lib/unified-diff.ts';
import { type PostfixFiles, planConnect, planDisconnect } from './postfix-plan.ts';

const doors = {
  milter: 'inet:127.0.0.1:8893',
  inbound: 'inet:127.0.0.1:8892',
  policy: 'inet:127.0.0.1:8894',
};
const samples = join(import.meta.dirname, '../../../test/golden/connect');
const sample = (name: string): PostfixFiles => ({
  main: readFileSync(join(samples, `${name}.main.cf`), 'latin1'),
  master: readFileSync(join(samples, `${name}.master.cf`), 'latin1'),
});
const names = ['debian', 'crowded', 'filtered'] as const;

for (const name of names) {
  test(`connect: ${name}`, (t) => {
    const before = sample(name);
    const { files, notes } = planConnect(before, doors);
    const shown = (['main', 'master'] as const)
      .map((key) => unifiedDiff(before[key], files[key], { before: key, after: key }))
      .concat(notes.map((note) => `note: ${note}\n`))
      .join('');
    t.assert.fileSnapshot(shown, join(samples, `${name}.diff`), { serializers: [String] });
  });
  test(`connect: ${name}, undone, is what it was`, () => {
    assert.deepEqual(planDisconnect(planConnect(sample(name), doors).files), sample(name));
  });
  test(`connect: ${name}, twice, is the same as once`, () => {
    const once = planConnect(sample(name), doors).files;
    assert.deepEqual(planConnect(once, doors).files, once);
  });
  test(`connect: ${name} guards every service that takes mail from people`, () => {
    const { main, master } = planConnect(sample(name), doors).files;
    const parsed = parseMainCf(main);
    for (const { service, role, login } of smtpdServices(parsed, parseMasterCf(master))) {
      const milters = expandedValue(parsed, service, 'smtpd_milters');
      const strangers = role === 'smtp' && !login;
      const [asked, other] = strangers
        ? [doors.inbound, doors.milter]
        : [doors.milter, doors.inbound];
      assert.equal(milters.includes(asked), role !== 'reinjection', service.name);
      assert.ok(!milters.includes(other), service.name);
      const action = strangers ? 'accept' : 'tempfail';
      if (role !== 'reinjection') assert.ok(milters.includes(`default_action=${action}`), milters);
      if (role === 'smtp' || role === 'reinjection') continue;
      for (const list of ['recipient', 'data', 'end_of_data']) {
        const restrictions = expandedValue(parsed, service, `smtpd_${list}_restrictions`);
        assert.ok(restrictions.startsWith('check_policy_service { inet:127.0.0.1:8894'), list);
        assert.equal(restrictions.split('8894').length, 2, `${list}: asked once`);
      }
    }
    const [pickup] = parseMasterCf(master).services.filter(({ command }) => command === 'pickup');
    assert.ok(pickup !== undefined);
    assert.ok(expandedValue(parsed, pickup, 'non_smtpd_milters').includes(doors.milter));
  });
}

test('a changed address changes one line', () => {
  const once = planConnect(sample('crowded'), doors).files;
  const again = planConnect(once, { ...doors, milter: 'inet:127.0.0.1:9999' }).files;
  assert.equal(again.master, once.master);
  const lines = again.main.split('\n').filter((line, n) => line !== once.main.split('\n')[n]);
  assert.equal(lines.length, 1);
});

test('what 0.1 wrote is brought up to date, and is taken out without a rest', () => {
  const left = join(import.meta.dirname, '../../../test/fixtures/0.1/connect');
  for (const name of ['postfix', 'postfix-debian', 'postfix-crowded', 'postfix-filtered']) {
    const at = (when: string): PostfixFiles => ({
      main: readFileSync(join(left, name, when, 'main.cf'), 'latin1'),
      master: readFileSync(join(left, name, when, 'master.cf'), 'latin1'),
    });
    const [before, after] = [at('before'), at('after')];
    assert.deepEqual(planDisconnect(after), before, name);
    assert.deepEqual(planConnect(after, doors).files, planConnect(before, doors).files, name);
    assert.doesNotMatch(planConnect(after, doors).files.master, /postern_when_down/, name);
  }
});

test('without a policy door, only the milter is put in', () => {
  const { main, master } = planConnect(sample('debian'), { ...doors, policy: 'off' }).files;
  assert.doesNotMatch(main + master, /postern_policy/);
  assert.match(main, /^smtpd_milters = \$postern_milter$/m);
});

test('edits made since are kept by the undo', () => {
  const { main, master } = planConnect(sample('crowded'), doors).files;
  const edited = {
    main: `${main.replace('smtpd_milters = ', 'smtpd_milters = inet:127.0.0.1:1, ')}\nbiff = yes\n`,
    master: master.replace('-o smtpd_data_restrictions=', '-o smtpd_data_restrictions=sleep 1,'),
  };
  const undone = planDisconnect(edited);
  assert.ok(undone.main.includes('inet:127.0.0.1:1, ') && undone.main.endsWith('\nbiff = yes\n'));
  assert.doesNotMatch(undone.main + undone.master, /postern/i);
});

const values = fc.constantFrom('', 'a', 'inet:127.0.0.1:8891', '$other, unix:/x', 'permit, reject');
const mainLine = fc.oneof(
  fc.constantFrom('# a comment', '', '   # inside', '  continued', '\tinet:[::1]:7'),
  fc
    .tuple(
      fc.constantFrom(
        'smtpd_milters',
        'non_smtpd_milters',
        'smtpd_recipient_restrictions',
        'smtpd_data_restrictions',
        'content_filter',
        'smtpd_sasl_auth_enable',
        'x',
      ),
      fc.constantFrom('=', ' = ', '=  ', ' ='),
      values,
    )
    .map((parts) => parts.join('')),
);
const option = fc
  .tuple(
    fc.constantFrom(
      'smtpd_milters',
      'smtpd_recipient_restrictions',
      'syslog_name',
      'smtpd_data_restrictions',
    ),
    fc.constantFrom('', 'a,b', '$y'),
    fc.boolean(),
  )
  .map(([name, value, braces]) => (braces ? `-o { ${name} = ${value} }` : `-o ${name}=${value}`));
const service = fc
  .tuple(
    fc.constantFrom('smtp', 'submission', '127.0.0.1:10025', '465', '# smtp', 'pickup'),
    fc.array(fc.oneof(option, fc.constant('# -o no=comment'), fc.constant('')), { maxLength: 5 }),
    fc.constantFrom('\n  ', '\n\t', ' '),
  )
  .map(([name, options, gap]) => [`${name} inet n - y - - smtpd`, ...options].join(gap));
const text = (line: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom('\n', '\r\n'))
    .map(([lines, end]) => lines.map((one) => one.replace(/\n/g, end) + end).join(''));

test('undo is the inverse of connect, and connecting twice changes nothing, on any files', () => {
  fc.assert(
    fc.property(text(mainLine), text(service), (main, master) => {
      const once = planConnect({ main, master }, doors).files;
      assert.deepEqual(planDisconnect(once), { main, master });
      assert.deepEqual(planConnect(once, doors).files, once);
    }),
    { numRuns: 200 },
  );
});

test('no text makes a parser throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (main, master) => {
      const { files } = planConnect({ main, master }, doors);
      planDisconnect(files);
      parseMainCf(master);
      parseMasterCf(main);
    }),
  );
});
