/** Mail of this machine adds up: a script that changes its name gets no new allowance. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scriptMail, submitter } from '../../../test/doubles/mail.ts';
import { quietWorld } from '../../../test/doubles/world.ts';
import { type FlowRig, openRig, type TestMessage } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import { scriptAccount } from '../../core/scripts/submitter.ts';
import { dayMs, type Millis, minuteMs, secondMs } from '../../lib/time.ts';
import { openHeldCount } from './held-count.ts';
import { openHeldFull } from './held-full.ts';

const stranger = (nth: number): string => `s${nth}@elsewhere.test`;

/** How many of these messages pass, a second apart. */
async function passed(
  rig: FlowRig,
  count: number,
  message: (nth: number) => TestMessage,
): Promise<number> {
  let passes = 0;
  for (let nth = 0; nth < count; nth++) {
    if ((await rig.mail(message(nth))).kind === 'pass') passes++;
    await rig.time.pass(secondMs);
  }
  return passes;
}

const ofScript = (nth: number, who: { readonly uid: number; readonly user: string }) => {
  const script = `/var/www/${who.user}/f${nth}.php`;
  const handed = scriptMail({ submitter: submitter({ ...who, script, scriptOwner: who.uid }) });
  return { handed, account: scriptAccount(handed.submitter), by: 'local' as const };
};

test('a script that changes its sender: new local names count together', async () => {
  const rig = openRig();
  const count = await passed(rig, 300, (nth) => ({
    account: `local:w${nth}@here.test`,
    by: 'local',
    to: [stranger(nth)],
  }));
  assert.ok(count < 40, `${count} of 300 passed`);
  const sum = rig.ledger.loadAccount('local:*' as Account);
  assert.equal(sum?.state, 'watched', 'a sum is never suspended');
  assert.equal(rig.admin.held({ limit: 1 })[0]?.account, 'local:*');
});

test('a local name that is known sends as before', async () => {
  const rig = openRig();
  const cron = (nth: number): TestMessage => ({
    account: 'local:cron@here.test',
    by: 'local',
    to: [stranger(nth)],
  });
  for (let day = 0; day < 9; day++) {
    assert.equal((await rig.mail(cron(day))).kind, 'pass');
    rig.time.jump(dayMs);
  }
  await passed(rig, 100, (nth) => ({
    account: `local:w${nth}@here.test`,
    by: 'local',
    to: [stranger(nth)],
  }));
  assert.equal((await rig.mail(cron(0))).kind, 'pass');
});

test('many scripts of one user add up under the user', async () => {
  const shop = { uid: 1_001, user: 'shop' };
  const rig = openRig();
  const count = await passed(rig, 300, (nth) => ({
    ...ofScript(nth % 20, shop),
    to: [stranger(nth)],
  }));
  assert.ok(count < 60, `${count} of 300 passed`);
  const held = rig.admin.held({ limit: 300 });
  assert.ok(held.some(({ account }) => account === 'user:shop'));
});

test('all websites of a web server: a sum that nobody knows yet holds nothing', async () => {
  const rig = openRig();
  const www = { uid: 33, user: 'www-data' };
  const sites = (nth: number): TestMessage => ({
    ...ofScript(nth % 100, www),
    to: [stranger(nth)],
  });
  assert.equal(await passed(rig, 300, sites), 300);
  for (let day = 0; day < 8; day++) {
    rig.time.jump(dayMs);
    assert.equal(await passed(rig, 20, (nth) => sites(nth + 1_000 * day)), 20);
  }
  const flood = await passed(rig, 3_000, (nth) => sites(50_000 + nth));
  assert.ok(flood < 2_000, `${flood} of 3,000 passed`);
});

test('what a sum holds has the limit of held mail, by SMTP and at the sendmail door', async () => {
  const shop = { uid: 1_001, user: 'shop' };
  const sum = 'user:shop' as Account;
  const heldMax = { messages: 3, bytes: 50_000_000 };
  const rig = openRig({ policy: { heldMax } });
  const { accounts, exemptions, settings, time } = rig;
  const held = openHeldCount(rig.journal, time, true);
  const world = quietWorld({ clock: time });
  const heldFull = openHeldFull({ accounts, exemptions, held, settings, world });
  const sends = (nth: number): TestMessage => ({ ...ofScript(nth, shop), to: [stranger(nth)] });
  const isRefused = (nth: number, onTheWay = 0): boolean => {
    const who = sends(nth).handed?.submitter ?? assert.fail();
    const none = { messages: 0, bytes: 0 };
    return (
      heldFull({ submitter: who, sender: 'x@shop.test' }, none, {
        messages: onTheWay,
        bytes: 0,
      }) !== undefined
    );
  };
  for (let day = 0; day < 8; day++) {
    assert.equal(await passed(rig, 2, sends), 2);
    time.jump(dayMs);
  }
  const heldOf = (): number => rig.journal.live.heldSum(sum).messages;
  for (let nth = 100; heldOf() < 2; nth++) {
    assert.ok(nth < 400 && !isRefused(nth));
    await rig.mail(sends(nth));
    await time.pass(secondMs);
  }
  assert.deepEqual([isRefused(1), isRefused(1, 1)], [false, true], 'one is on its way');
  const third = await rig.mail({ ...sends(500), by: 'client' });
  assert.equal(third.kind, 'hold');
  assert.deepEqual([isRefused(1), isRefused(600)], [true, true]);
  const messages = accounts.known(sum)?.stoppedMessages;
  for (let nth = 0; nth < 3; nth++) {
    const fourth = await rig.mail({ ...sends(501), by: 'client', messageId: '<4@x>' });
    assert.equal(fourth.kind === 'reply' && fourth.code, 452);
  }
  assert.equal(accounts.known(sum)?.stoppedMessages, (messages ?? 0) + 1, 'counted once');
  assert.equal(heldOf(), 3);
  const { account } = ofScript(1, shop);
  exemptions.set({
    account,
    at: time.now(),
    until: (time.now() + dayMs) as Millis,
    by: 'op',
    note: '',
  });
  assert.deepEqual([isRefused(1), isRefused(600)], [false, true]);
  settings.mode = 'observe';
  assert.equal(isRefused(600), false);
});

test('mail of root does not add up', async () => {
  const rig = openRig();
  const root = { uid: 0, user: 'root' };
  const sends = (nth: number): TestMessage => ({
    ...ofScript(nth % 100, root),
    to: [stranger(nth)],
  });
  assert.equal(await passed(rig, 200, sends), 200);
  assert.equal(rig.ledger.loadAccount('user:root' as Account), undefined);
});

const mailUser = { uid: 5_000, user: 'vmail' };
const doors = [
  [
    'the sendmail door',
    { handed: scriptMail({ submitter: submitter({ ...mailUser, script: '' }) }) },
  ],
  ["Postfix's sendmail", { uid: mailUser.uid }],
] as const;
for (const [what, by] of doors) {
  test(`strangers who cause automatic answers stop only those: ${what}`, async () => {
    const rig = openRig();
    const sent = (sender: string, from: string, to: string): TestMessage => {
      const account = 'uid' in by ? `local:${sender === '' ? '<>' : sender}` : 'user:vmail';
      return { ...by, account, by: 'local', sender, headerFrom: from, to: [to] };
    };
    const forward = (): Promise<unknown> =>
      rig.mail(sent('srs@here.test', `w${rig.time.now()}@elsewhere.test`, 'ann@phone.test'));
    for (let day = 0; day < 20; day++) {
      await forward();
      await rig.mail(sent('', 'ann@here.test', `writer${day}@elsewhere.test`));
      rig.time.jump(dayMs);
    }
    const count = await passed(rig, 120, (nth) =>
      sent('', `u${nth % 7}@here.test`, `forged${nth}@elsewhere${nth}.test`),
    );
    assert.ok(count < 40, `${count} of 120 passed`);
    assert.deepEqual(await forward(), { kind: 'pass' });
    const accounts = new Set(rig.admin.held({ limit: 200 }).map(({ account }) => account));
    for (const account of accounts) {
      assert.ok(account.endsWith(':<>'), account);
      assert.equal(rig.accounts.known(account)?.state, 'watched');
    }
  });
}

/** Notices of reach, as `ACCOUNT DAY`. */
const reachTold = (rig: FlowRig): readonly string[] =>
  rig.taken
    .filter(({ notice }) => notice.event === 'account.reach')
    .map(({ notice }) => `${notice.account} ${notice.numbers?.['day']}`);

/** Forty strangers in twenty hours, through so many scripts of one user: all pass. */
async function sendSlowly(rig: FlowRig, scripts: number): Promise<void> {
  const shop = { uid: 1_001, user: 'shop' };
  for (let nth = 0; nth < 40; nth++) {
    const sent = await rig.mail({ ...ofScript(nth % scripts, shop), to: [stranger(nth)] });
    assert.equal(sent.kind, 'pass');
    rig.time.jump(30 * minuteMs);
  }
  await rig.time.pass(minuteMs);
}

test('strangers that many scripts of one user reach slowly: you are told of the user', async () => {
  const rig = openRig();
  await sendSlowly(rig, 10);
  assert.deepEqual([...new Set(reachTold(rig))], ['user:shop 33']);
});

test('of one script you are told once, and not of its user besides', async () => {
  const rig = openRig();
  await sendSlowly(rig, 1);
  assert.deepEqual([...new Set(reachTold(rig))], ['script:/var/www/shop/f0.php 33']);
});

test('of all websites of a web server you are told once their sum is known', async () => {
  const rig = openRig();
  const www = { uid: 33, user: 'www-data' };
  let sent = 0;
  const aDay = async (count: number): Promise<void> => {
    for (let nth = 0; nth < count; nth++) {
      await rig.mail({ ...ofScript(sent % 60, www), to: [stranger(sent++)] });
      rig.time.jump(dayMs / count);
    }
    await rig.time.pass(minuteMs);
  };
  for (let day = 0; day < 6; day++) await aDay(60);
  assert.deepEqual(reachTold(rig), []);
  for (let day = 0; day < 3; day++) await aDay(200);
  assert.match(reachTold(rig)[0] ?? '', /^user:www-data /);
});
