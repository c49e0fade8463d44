/**
 * The policy handler: recipients are reserved as they come, so that sessions at once cannot
 * overshoot together.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlowRig, openRig } from '../../../test/ledger/flow-rig.ts';
import type { Account } from '../../core/account-name.ts';
import { dayMs, hourMs } from '../../lib/time.ts';
import type { Answer, PolicyRequest } from '../../ports/message.ts';
import { askedPerHour } from './ask-budget.ts';

const joe = 'joe@here.test' as Account;
const perHour = 10;

/** One SMTP session as the policy door sees it. */
function session(
  rig: FlowRig,
  connection: number,
  account: Account | undefined = joe,
  client = '192.0.2.1',
  manners: Pick<PolicyRequest, 'auth' | 'helo' | 'tls'> = { auth: '', helo: '', tls: '' },
) {
  let message = 0;
  const ask = (stage: PolicyRequest['stage'], more: Partial<PolicyRequest> = {}): Answer[] => {
    const answers: Answer[] = [];
    const request: PolicyRequest = {
      stage,
      instance: `${connection}.${message}`,
      queueId: '',
      account,
      client,
      sender: joe,
      recipient: '',
      clientName: '',
      reverseName: '',
      recipientCount: 0,
      sizeBytes: 0,
      ...manners,
      ...more,
    };
    rig.policyHandler.ask(connection, request, (answer) => answers.push(answer));
    return answers;
  };
  return {
    rcpt: (recipient: string): Answer['kind'] | undefined => ask('RCPT', { recipient })[0]?.kind,
    data: (queueId = `Q${connection}X${message}`): Answer[] => ask('DATA', { queueId }),
    end: (queueId = `Q${connection}X${message}`): Answer[] => ask('END-OF-MESSAGE', { queueId }),
    next: (): void => void message++,
    gone: (): void => rig.policyHandler.gone(connection),
  };
}
const someone = (connection: number, nth: number): string => `p${connection}-${nth}@elsewhere.test`;
const limited = (more: Parameters<typeof openRig>[0] = {}): FlowRig =>
  openRig({ policy: { accountRecipientsPerHour: perHour }, ...more });

test('parallel sessions cannot overshoot a ceiling together', async () => {
  const rig = limited();
  const sessions = Array.from({ length: 5 }, (_, nth) => session(rig, nth));
  let taken = 0;
  for (let nth = 0; nth < 4; nth++) {
    for (const [connection, one] of sessions.entries()) {
      if (one.rcpt(someone(connection, nth)) === 'pass') taken++;
    }
  }
  assert.equal(taken, perHour);
  for (const one of sessions) one.data();
  for (const one of sessions) one.end();
  await rig.time.settle();
  const { hourRecipients } = rig.accounts.profile(joe, rig.time.now());
  assert.ok(hourRecipients <= perHour, `${hourRecipients} counted`);
});

test('what is aborted is given back: a new message, a connection that is gone, an hour', () => {
  const rig = limited();
  const one = session(rig, 1);
  const other = session(rig, 2);
  const fill = (): void => {
    for (let nth = 0; nth < perHour; nth++) assert.equal(one.rcpt(someone(1, nth)), 'pass');
    assert.equal(other.rcpt('late@elsewhere.test'), 'reply');
    other.gone();
  };
  fill();
  one.next(); // RSET, and another message in the same session
  assert.equal(one.rcpt('first@elsewhere.test'), 'pass');
  assert.equal(other.rcpt('late@elsewhere.test'), 'pass');
  one.gone();
  other.gone();
  assert.equal(rig.policyHandler.reserved, 0);
  fill();
  rig.time.jump(hourMs + 1); // a session that ended without a word
  const third = session(rig, 3);
  assert.equal(third.rcpt('later@elsewhere.test'), 'pass');
  assert.equal(rig.policyHandler.reserved, 1);
});

test('counted once, at the end of the message, and not when it never ends', async () => {
  const rig = openRig();
  const one = session(rig, 1);
  for (let nth = 0; nth < 3; nth++) one.rcpt(someone(1, nth));
  assert.deepEqual(one.data(), [{ kind: 'pass' }]);
  assert.equal(rig.accounts.profile(joe, rig.time.now()).hourRecipients, 0);
  one.end();
  one.end();
  await rig.time.pass(500);
  assert.equal(rig.accounts.profile(joe, rig.time.now()).hourRecipients, 3);
  assert.equal(rig.ledger.message('Q1X0')?.recipients, 3);
  one.next();
  one.rcpt('dropped@elsewhere.test');
  one.data();
  one.gone();
  assert.equal(rig.accounts.profile(joe, rig.time.now()).hourRecipients, 3);
});

test('where a milter sees the same message, only the milter counts', async () => {
  for (const seen of ['now', 'before'] as const) {
    const rig = openRig({ milterPresent: () => seen === 'now' });
    const one = session(rig, 1);
    one.rcpt('a@elsewhere.test');
    one.data();
    if (seen === 'before') rig.policyHandler.counted('Q1X0');
    one.end();
    assert.equal(rig.policyHandler.reserved, 0, 'the reservation is over all the same');
    assert.equal(rig.accounts.profile(joe, rig.time.now()).hourRecipients, 0);
  }
});

test('what is not passed at DATA is decided there, once', async () => {
  const rig = openRig();
  const one = session(rig, 1);
  for (let nth = 0; nth < 90; nth++) one.rcpt(someone(1, nth));
  const answers = one.data();
  await rig.time.settle();
  assert.deepEqual(
    answers.map(({ kind }) => kind),
    ['hold'],
  );
  assert.deepEqual(one.end(), [{ kind: 'pass' }], 'nothing is refused at the end');
  assert.equal(rig.ledger.stories({ limit: 9 }).length, 1);
});

test('a hijacked account is refused at the first recipient', async () => {
  const rig = openRig();
  await rig.hijack(joe);
  assert.equal(session(rig, 3).rcpt('a@elsewhere.test'), 'pass', 'held so far');
  rig.policyHandler.gone(3);
  await rig.admin.suspend(joe, 'op', '', true);
  const refused = session(rig, 1);
  for (let nth = 0; nth < 15; nth++) assert.equal(refused.rcpt(someone(1, nth)), 'reply');
  assert.equal(rig.policyHandler.reserved, 0);
  const early = (): number | undefined => rig.counted.get('postern_refused_early_total');
  assert.equal(early(), 1, 'one message, however many recipients');
  refused.next();
  assert.equal(refused.rcpt('a@elsewhere.test'), 'reply');
  assert.equal(early(), 2);
  rig.settings.mode = 'observe';
  assert.equal(session(rig, 2).rcpt('a@elsewhere.test'), 'pass');
});

test("mail that is nobody's, and questions at other stages, are none of ours", () => {
  const rig = limited();
  const inbound = session(rig, 1, undefined);
  // `undefined` as an argument means the default: so it is said in the request.
  const names = { clientName: '', reverseName: '', helo: '' };
  const request = {
    ...names,
    instance: 'x',
    queueId: '',
    account: undefined,
    client: '',
    sender: '',
  };
  for (const stage of ['RCPT', 'DATA', 'END-OF-MESSAGE', 'other'] as const) {
    const answers: Answer[] = [];
    const rest = { recipient: 'a@here.test', recipientCount: 1, sizeBytes: 0, auth: '', tls: '' };
    rig.policyHandler.ask(1, { ...request, ...rest, stage }, (answer) => answers.push(answer));
    assert.deepEqual(answers, [{ kind: 'pass' }]);
  }
  assert.equal(rig.policyHandler.reserved, 0);
  assert.deepEqual(inbound.data(), [{ kind: 'pass' }], 'DATA without a recipient before it');
});

test('observing: no ceiling is enforced', () => {
  const rig = limited({ settings: { mode: 'observe' } });
  const one = session(rig, 1);
  for (let nth = 0; nth < 2 * perHour; nth++) assert.equal(one.rcpt(someone(1, nth)), 'pass');
});

/** Asks for this many recipients in messages of 1,000 that are all aborted. */
function askOnly(from: ReturnType<typeof session>, recipients: number): number {
  let passed = 0;
  for (let nth = 0; nth < recipients; nth++) {
    if (nth % 1_000 === 0) from.next();
    if (from.rcpt(someone(1, nth)) === 'pass') passed++;
  }
  from.gone();
  return passed;
}

test('a login that asks for recipients and sends nothing gets 451, from that network', () => {
  const rig = openRig();
  const thief = session(rig, 1, joe, '198.51.100.7');
  const passed = askOnly(thief, 3 * askedPerHour);
  assert.ok(passed >= askedPerHour && passed <= askedPerHour + 1_000, `${passed}`);
  const answers = { thief: thief.rcpt('a@elsewhere.test'), logged: rig.logged };
  assert.deepEqual(answers, { thief: 'reply', logged: ['warn recipients.budget'] });
  assert.equal(rig.counted.get('postern_policy_waits_total budget'), 3 * askedPerHour - passed + 1);
  assert.equal(session(rig, 2, joe, '198.51.100.99').rcpt('a@elsewhere.test'), 'reply');
  assert.equal(session(rig, 3, joe, '192.0.2.1').rcpt('a@elsewhere.test'), 'pass', 'the owner');
  const ann = 'ann@here.test' as Account;
  assert.equal(session(rig, 4, ann, '198.51.100.7').rcpt('a@elsewhere.test'), 'pass');
  rig.settings.mode = 'observe';
  assert.equal(thief.rcpt('a@elsewhere.test'), 'pass', 'observing refuses nothing');
  thief.gone();
  rig.settings.mode = 'guard';
  assert.equal(thief.rcpt('a@elsewhere.test'), 'reply');
  rig.time.jump(hourMs);
  assert.equal(thief.rcpt('a@elsewhere.test'), 'pass', 'an hour later');
});

test('messages that are sent do not use the budget, nor what a ceiling refused', () => {
  const rig = openRig({ milterPresent: () => true });
  const newsletter = session(rig, 1);
  for (let nth = 0; nth < 2 * askedPerHour; nth++) {
    assert.equal(newsletter.rcpt(someone(1, nth)), 'pass');
    if (nth % 1_000 !== 999) continue;
    newsletter.data();
    if (nth % 2_000 === 999) newsletter.end(); // the others are broken off while they are sent
    newsletter.next();
  }
  const full = limited();
  const refused = session(full, 1);
  assert.equal(askOnly(refused, 2 * askedPerHour), 20 * perHour);
  assert.equal(refused.rcpt('a@elsewhere.test'), 'pass');
});

const manners = { auth: 'PLAIN', helo: '[192.168.1.5]', tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384' };
const telephone = { ...manners, mailer: 'iPhone Mail (21A)', zone: '+0100', messageIdForm: 'U@D' };

/** An account whose mail the milter has seen from home for 30 days. */
async function withHistory(more: Parameters<typeof openRig>[0] = {}): Promise<FlowRig> {
  const rig = openRig(more);
  for (let day = 0; day < 30; day++) {
    for (let nth = 0; nth < 4; nth++) {
      const traits = nth % 2 === 0 ? telephone : { ...telephone, mailer: 'Thunderbird 140.1' };
      const to = [`friend${nth}@elsewhere.test`];
      await rig.mail({
        account: joe,
        client: '192.0.2.1',
        sender: joe,
        headerFrom: joe,
        to,
        traits,
      });
      rig.time.jump(hourMs);
    }
    rig.time.jump(dayMs - 4 * hourMs);
  }
  return rig;
}

for (const isNewNetwork of [false, true]) {
  const client = isNewNetwork ? '198.51.100.7' : '192.0.2.1';
  const where = isNewNetwork ? 'from a new network' : 'from home';
  test(`without the milter, a known program ${where} is not taken for an unknown one`, async () => {
    for (let count = 1; count <= 24; count++) {
      const strangers = Array.from({ length: count }, (_, nth) => someone(9, nth));
      const seen = await withHistory();
      const from = { account: joe, client, sender: joe, headerFrom: joe, traits: telephone };
      const said = await seen.mail({ ...from, to: strangers });
      const asked = await withHistory();
      const one = session(asked, 1, joe, client, manners);
      for (const stranger of strangers) assert.equal(one.rcpt(stranger), 'pass');
      const answers = one.data();
      await asked.time.settle();
      if (said.kind === 'pass') assert.equal(answers[0]?.kind, 'pass', `${count} strangers`);
      assert.notEqual(asked.accounts.known(joe)?.state, 'suspended', `${count} strangers`);
    }
  });
}

test('with the milter, a program that is not seen yet meets no ceiling of the server', async () => {
  const policy = { serverRecipientsPerHour: 5 };
  const rig = await withHistory({ policy, milterPresent: () => true });
  for (let nth = 0; nth < 6; nth++)
    await rig.mail({ account: 'ann@here.test', to: [`busy${nth}@elsewhere.test`] });
  const one = session(rig, 1, joe, '192.0.2.1', manners);
  for (let nth = 0; nth < 8; nth++) assert.equal(one.rcpt(someone(9, nth)), 'pass');
  assert.deepEqual(one.data(), [{ kind: 'pass' }]);
});
