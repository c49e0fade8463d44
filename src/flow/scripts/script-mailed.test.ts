/** Mail of scripts through register and guard: noted, held with the reason, delivered; rules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptMail, shop, submitter } from '../../../test/doubles/mail.ts';
import { type FlowRig, openRig, type TestMessage } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import { minuteMs, secondMs } from '../../lib/time.ts';
import type { NewRule } from '../../ports/scripts.ts';

const account = `script:${shop}`;
const owner = 'owner@shop.example';
const form: NewRule = {
  path: shop,
  uid: undefined,
  from: [],
  rate: undefined,
  effect: 'allow',
  recipients: { kind: 'owner-and-visitor', owners: [owner] },
};

function rigged(
  mode: 'observe' | 'guard' = 'guard',
  guard: 'observe' | 'guard' = 'guard',
): FlowRig {
  const rig = openRig({ settings: { mode: guard } });
  rig.scriptSettings.mode = mode;
  return rig;
}

/** Mail of a script as the milter door hands it on; the account is the one that the door set. */
const mailTo = (to: readonly string[], more: Partial<TestMessage> = {}): TestMessage => ({
  account,
  to,
  by: 'local',
  handed: scriptMail(),
  ...more,
});

test('in observe mode all passes and is noted, with a rule that fits', async () => {
  const rig = rigged('observe');
  for (let visitor = 0; visitor < 5; visitor++) {
    const answer = await rig.mail(mailTo([owner, `v${visitor}@sit.example`]));
    assert.equal(answer.kind, 'pass');
    await rig.time.pass(minuteMs);
  }
  const { scripts, mode } = rig.admin.scripts.list({ limit: 9 });
  const [row] = scripts;
  assert.deepEqual([mode, scripts.length, row?.account, row?.messages], ['observe', 1, account, 5]);
  assert.equal(
    row?.suggestion,
    `postern scripts allow ${shop} --owner ${owner} --from wwwdata@shop.example`,
  );
  assert.deepEqual(rig.ledger.scripts(), [{ ...rig.ledger.scripts()[0], messages: 5 }]);
  assert.equal(rig.counted.get('postern_script_findings_total script-unknown'), 5);
});

test('in guard mode mail of an unknown script is held; after `allow` it passes', async () => {
  const rig = rigged();
  const { id, answers } = rig.send(mailTo([owner]));
  await rig.time.settle();
  assert.deepEqual(answers, [
    { kind: 'hold', reason: `postern: no rule for the script ${shop} (as shop)` },
  ]);
  const story = rig.admin.explain(id)?.story;
  assert.deepEqual([story?.account, story?.verdict, story?.state], [account, 'hold', 'clear']);
  assert.equal(story?.reasons[0]?.signal, 'script-unknown');
  assert.equal(rig.admin.heldOne(id)?.held.why, 'rule');
  assert.equal(rig.admin.scripts.list({ limit: 9 }).scripts[0]?.held, 1);

  const done = await rig.admin.scripts.rule(form, 'she asked', 'op');
  assert.ok(done.ok);
  assert.match(
    done.text,
    /^r1: \/var.* may send to owner@shop.example and one visitor\nundo: postern scripts forget r1$/,
  );
  assert.equal((await rig.mail(mailTo([owner, 'vi@sit.example']))).kind, 'pass');
  const three = await rig.mail(mailTo([owner, 'vi@sit.example', 'vo@sit.example']));
  assert.match(three.kind === 'hold' ? three.reason : '', /writes to 2 others besides owner@shop/);
  assert.equal((await rig.admin.releaseHeld({ account }, 'op')).ok, true);
});

test('a From field that only the mail server shows is judged as well', async () => {
  const rig = rigged();
  await rig.admin.scripts.rule({ ...form, from: ['@shop.example'] }, '', 'op');
  const shown = async (...fromFields: readonly string[]) =>
    (await rig.mail({ ...mailTo([owner]), fromFields })).kind;
  const [{ value = '' } = assert.fail()] = scriptMail().header.filter(
    ({ name }) => name === 'From',
  );
  assert.equal(await shown(value), 'pass');
  assert.equal(await shown(`${value}\n `), 'pass', 'folded otherwise');
  assert.equal(await shown('wwwdata@rewritten.example'), 'pass', 'an address that Postfix rewrote');
  assert.equal(await shown(value, ' x@bank.example'), 'hold');
  assert.equal(await shown(value, ''), 'hold', 'more than the door keeps');
});

test('rules survive a restart; each change has a record and an undo', async () => {
  const rig = rigged();
  await rig.admin.scripts.rule(form, '', 'op');
  const denied = await rig.admin.scripts.rule({ ...form, effect: 'deny' }, 'spam', 'op');
  assert.match(
    denied.text,
    /^r2: .* may send nothing\nundo: postern scripts allow .* --owner owner@/,
  );
  const again = openRig({ ledger: rig.ledger, at: rig.time.now() });
  again.scriptSettings.mode = 'guard';
  assert.deepEqual(
    again.admin.scripts.list({ limit: 1 }).rules.map(({ id }) => id),
    ['r2'],
  );
  assert.equal((await again.mail(mailTo([owner]))).kind, 'hold');
  const gone = await again.admin.scripts.forget(shop, 'op');
  assert.match(gone.text, /^r2 for .* is removed\nundo: postern scripts deny \/var/);
  assert.deepEqual(again.admin.scripts.list({ limit: 1 }).rules, []);
  assert.equal((await again.admin.scripts.forget('r9', 'op')).ok, false);
  assert.equal((await again.admin.scripts.rule(form, '', 'op')).text.slice(0, 3), 'r3:');
  assert.deepEqual(
    again.ledger.audit({ limit: 9 }).map(({ action, by }) => `${action} ${by}`),
    ['script-allow op', 'script-forget op', 'script-deny op', 'script-allow op'],
  );
});

test('a rate: what is over it is held, and passes again later', async () => {
  const rig = rigged();
  await rig.admin.scripts.rule({ ...form, rate: { messages: 3, perMs: 10 * minuteMs } }, '', 'op');
  const kinds: string[] = [];
  for (let nth = 0; nth < 5; nth++) kinds.push((await rig.mail(mailTo([owner]))).kind);
  assert.deepEqual(kinds, ['pass', 'pass', 'pass', 'hold', 'hold']);
  await rig.time.pass(11 * minuteMs);
  assert.equal((await rig.mail(mailTo([owner]))).kind, 'pass');
});

test('an exemption does not lift the rules; in observe mode they hold nothing', async () => {
  const rig = rigged();
  await rig.admin.allow(account, (rig.time.now() + 60 * minuteMs) as never, 'op', '');
  assert.equal((await rig.mail(mailTo([owner]))).kind, 'hold');
  assert.equal((await rigged('guard', 'observe').mail(mailTo([owner]))).kind, 'pass');
});

test('a script that writes to 300 strangers is held, allowed or not', async () => {
  for (const allowed of [true, false]) {
    const rig = rigged();
    if (allowed) await rig.admin.scripts.rule({ ...form, recipients: { kind: 'any' } }, '', 'op');
    let passed = 0;
    for (let nth = 0; nth < 300; nth++) {
      if ((await rig.mail(mailTo([`s${nth}@elsewhere.test`]))).kind === 'pass') passed++;
      await rig.time.pass(5 * secondMs);
    }
    // Nothing but numbers speaks against it, so a person decides.
    assert.equal(rig.accounts.known(account as Account)?.state, 'watched');
    assert.ok(passed < 60, `${passed} passed`);
    assert.equal(rig.journal.live.countHeld(), 300 - passed);
  }
});

test('an attack on a form whose rule holds it never suspends the form', async () => {
  const rig = rigged();
  await rig.admin.scripts.rule(form, '', 'op');
  for (let nth = 0; nth < 20; nth++) {
    const crowd = Array.from({ length: 40 }, (_, n) => `s${nth}-${n}@elsewhere.test`);
    assert.equal((await rig.mail(mailTo([owner, ...crowd]))).kind, 'hold');
    await rig.time.pass(secondMs);
  }
  assert.equal((await rig.mail(mailTo([owner, 'vi@sit.example']))).kind, 'pass');
  const row = rig.admin.scripts.list({ limit: 1 }).scripts[0];
  assert.deepEqual([row?.held, row?.odd, row?.messages], [20, 20, 21]);
});

test('a user who names a new script for each message gets no allowance for each', async () => {
  for (const [uid, user, most] of [
    [1_002, 'joe', 300],
    [33, 'www-data', 999_999],
  ] as const) {
    const rig = rigged('observe');
    let passed = 0;
    for (let nth = 0; nth < 600; nth++) {
      const script = `/var/www/joe/${nth}.php`;
      const handed = scriptMail({ submitter: submitter({ uid, user, script, scriptOwner: uid }) });
      const to = Array.from({ length: 5 }, (_, n) => `s${nth}-${n}@elsewhere.test`);
      if ((await rig.mail(mailTo(to, { handed }))).kind === 'pass') passed += to.length;
      await rig.time.pass(secondMs);
    }
    assert.ok(passed < most, `${user}: ${passed}`);
    const { scripts } = rig.admin.scripts.list({ limit: 1_000 });
    if (uid !== 1_002) continue;
    assert.equal(scripts.length, 21);
    const together = scripts.find(({ account: one }) => one === 'user:joe');
    assert.match(
      together?.oddText ?? '',
      /^more than 20 new scripts of joe in a day are counted together/,
    );
    assert.equal(rig.accounts.known('user:joe' as Account)?.state, 'watched');
    // A script with a rule counts alone.
    await rig.admin.scripts.rule({ ...form, path: '/var/www/joe/new.php' }, '', 'op');
    const handed = scriptMail({
      submitter: submitter({ uid, user, script: '/var/www/joe/new.php', scriptOwner: uid }),
    });
    assert.equal((await rig.mail(mailTo([owner], { handed }))).kind, 'pass');
  }
});

test('a From that our reading missed counts all the same', async () => {
  const rig = rigged();
  await rig.admin.scripts.rule({ ...form, from: ['@shop.example'] }, '', 'op');
  const handed = scriptMail({ header: [] });
  const answer = await rig.mail(mailTo([owner], { handed, headerFrom: 'x@bank.example' }));
  assert.match(answer.kind === 'hold' ? answer.reason : '', /it sends as x@bank\.example/);
});

test('mail that did not come by the sendmail door is not compared with the register', async () => {
  const rig = rigged();
  const joe = { account: 'joe@here.test', to: ['ann@there.test'] };
  assert.equal((await rig.mail(joe)).kind, 'pass');
  assert.equal(rig.admin.scripts.list({ limit: 9 }).known, 0);
});

test('another user who names the script sends as the user, and not under its rule', async () => {
  const rig = rigged();
  await rig.admin.scripts.rule(form, '', 'op');
  const joe = submitter({ uid: 1_002, user: 'joe' });
  const answer = await rig.mail(mailTo([owner], { handed: scriptMail({ submitter: joe }) }));
  assert.match(answer.kind === 'hold' ? answer.reason : '', /no rule for the script .* \(as joe\)/);
  const { scripts } = rig.admin.scripts.list({ like: 'joe', limit: 9 });
  assert.equal(scripts[0]?.account, 'user:joe');
});

test('a person who is forgotten does not come back with the next mail of a script', async () => {
  const rig = rigged('observe');
  for (let nth = 0; nth < 5; nth++) await rig.mail(mailTo([owner]));
  await rig.time.pass(minuteMs);
  assert.ok(JSON.stringify(rig.ledger.scripts()).includes(owner));
  assert.ok((await rig.admin.forget(owner, { by: 'op', dryRun: false })).ok);
  await rig.mail(mailTo(['another@shop.example']));
  await rig.time.pass(minuteMs);
  const [row] = rig.ledger.scripts();
  assert.equal(row?.messages, 6);
  assert.ok(!JSON.stringify(row).includes(owner));
});
