/**
 * The numbers that the policy handler keeps give the same answers as judging all reserved
 * recipients anew at each question, which version 0.1 did and this test does. And they cost the
 * same for each question, however many recipients are reserved.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Dice, dice, seedOfThisRun } from '../../../test/ledger/dice.ts';
import { type FlowRig, openRig } from '../../../test/ledger/flow-rig.ts';
import { judge } from '../../core/account/judge.ts';
import { settle } from '../../core/account/learn.ts';
import { hasCeiling, type Policy } from '../../core/account/policy.ts';
import type { Account } from '../../core/account-name.ts';
import { replyText } from '../../core/explain.ts';
import { dayMs, hourMs, minuteMs, secondMs } from '../../lib/time.ts';
import type { Answer, PolicyHandler, PolicyRequest } from '../../ports/message.ts';

const accounts = ['joe@here.test', 'ann@here.test', 'bob@here.test'] as Account[];
const connections = 6;
const steps = 500;

/** The handler of version 0.1, without its limits. */
function judgingAll(rig: FlowRig, milterPresent: () => boolean): PolicyHandler {
  type Reserved = {
    readonly connection: number;
    readonly account: Account;
    readonly at: number;
    readonly recipients: Set<string>;
    readonly client: string;
    readonly sender: string;
  };
  const { gate } = rig;
  const reservations = new Map<string, Reserved>();
  const pass: Answer = { kind: 'pass' };
  const reserve = (connection: number, account: Account, request: PolicyRequest): Reserved => {
    const held = reservations.get(request.instance);
    if (held !== undefined) return held;
    const at = rig.time.now();
    for (const [instance, old] of reservations) {
      if (old.connection === connection || at - old.at > hourMs) reservations.delete(instance);
    }
    const { client, sender } = request;
    const made = { connection, account, at, recipients: new Set<string>(), client, sender };
    reservations.set(request.instance, made);
    return made;
  };
  const submission = (of: Reserved, recipients: ReadonlySet<string>, id: string) => {
    const isLocal = (to: string): boolean => to.endsWith('@here.test');
    return {
      kind: 'send' as const,
      id,
      at: rig.time.now(),
      account: of.account,
      outside: [...recipients].filter((to) => !isLocal(to)),
      local: [...recipients].filter(isLocal),
      client: of.client,
      sender: of.sender,
      traits: { auth: '', helo: '', tls: '' },
    };
  };
  const judged = (of: Reserved) => {
    const all = new Set(of.recipients);
    for (const other of reservations.values()) {
      if (other.account === of.account) for (const to of other.recipients) all.add(to);
    }
    const message = submission(of, all, '');
    const profile = rig.accounts.profile(of.account, message.at);
    const { baseline, people, policy } = rig.accounts.context;
    settle(profile, baseline, Math.floor(message.at / dayMs));
    const flags = gate.flags(of.account, message.at);
    return judge(profile, baseline, message, people, policy, flags);
  };
  const ceiling = (of: Reserved): Answer => {
    const { verdict, reasons } = judged(of);
    const isCeiling = reasons[0]?.signal === 'ceiling';
    if (!isCeiling || verdict === 'pass' || verdict === 'hold') return pass;
    return { kind: 'reply', ...replyText(verdict, reasons, rig.settings.contact) };
  };
  const recipient = (connection: number, account: Account, request: PolicyRequest): Answer => {
    const refused = gate.mayBegin({ account, by: 'login', client: request.client });
    if (refused.kind !== 'pass') return refused;
    const held = reserve(connection, account, request);
    held.recipients.add(request.recipient);
    return hasCeiling(rig.accounts.context.policy) ? ceiling(held) : pass;
  };
  return {
    gone(connection) {
      for (const [instance, { connection: other }] of reservations) {
        if (other === connection) reservations.delete(instance);
      }
    },
    ask(connection, request, answer) {
      const { account, instance, queueId, stage } = request;
      if (stage === 'RCPT' && account !== undefined) {
        answer(recipient(connection, account, request));
        return;
      }
      const held = reservations.get(instance);
      if (held === undefined) {
        answer(pass);
      } else if (stage === 'DATA') {
        if (judged(held).verdict === 'pass' || milterPresent()) answer(ceiling(held));
        else {
          reservations.delete(instance);
          gate.submit(submission(held, held.recipients, queueId), 'login', answer);
        }
      } else {
        reservations.delete(instance);
        if (!milterPresent()) gate.passed(submission(held, held.recipients, queueId));
        answer(pass);
      }
    },
  };
}

/** What happens at a step, chosen once for both handlers. */
type Step =
  | { readonly kind: 'ask'; readonly connection: number; readonly request: PolicyRequest }
  | { readonly kind: 'gone'; readonly connection: number }
  | { readonly kind: 'pass'; readonly ms: number };

function script(dies: Dice): readonly Step[] {
  const messages = new Array<number>(connections).fill(0);
  // A session belongs to one account until it ends.
  const logins = messages.map((_, nth) => accounts[nth % accounts.length]);
  return Array.from({ length: steps }, (_, nth): Step => {
    const connection = dies.below(connections);
    const what = dies.below(100);
    if (what < 2) return { kind: 'pass', ms: dies.below(20 * minuteMs) };
    if (what < 8) return { kind: 'pass', ms: dies.below(5 * secondMs) };
    if (what < 10) {
      logins[connection] = accounts[dies.below(accounts.length)];
      return { kind: 'gone', connection };
    }
    const stage = what < 85 ? 'RCPT' : what < 92 ? 'DATA' : 'END-OF-MESSAGE';
    const account = logins[connection];
    const message = messages[connection] ?? 0;
    // A new message after the end, and sometimes in the middle of one.
    if (stage === 'END-OF-MESSAGE' || dies.below(20) === 0) messages[connection] = message + 1;
    const domain = dies.below(6) === 0 ? 'here.test' : 'elsewhere.test';
    // Each account has recipients of its own, so that no account makes them known to another.
    const recipient = `p${dies.below(60)}-of-${account}@${domain}`.replace('@here.test@', '@');
    const request: PolicyRequest = {
      stage,
      instance: `${connection}.${message}`,
      queueId: `Q${nth}`,
      account,
      client: `192.0.${connection}.1`,
      sender: account ?? '',
      recipient: stage === 'RCPT' ? recipient : '',
      clientName: '',
      reverseName: '',
      helo: '',
      recipientCount: 0,
      sizeBytes: 0,
      auth: '',
      tls: '',
    };
    return { kind: 'ask', connection, request };
  });
}

async function answers(
  rig: FlowRig,
  handler: PolicyHandler,
  steps: readonly Step[],
): Promise<readonly string[]> {
  const said: string[] = [];
  for (const step of steps) {
    if (step.kind === 'pass') await rig.time.pass(step.ms);
    else if (step.kind === 'gone') handler.gone(step.connection);
    else {
      let answer: Answer | undefined;
      handler.ask(step.connection, step.request, (one) => {
        answer = one;
      });
      if (answer === undefined) await rig.time.settle();
      said.push(`${step.request.stage} ${step.request.account} ${JSON.stringify(answer)}`);
    }
  }
  return said;
}

const ceilings: readonly Partial<Policy>[] = [
  {},
  { messageRecipientsMax: 8 },
  { accountRecipientsPerHour: 15 },
  { accountRecipientsPerHour: 150, accountRecipientsPerDay: 200 },
  { accountRecipientsPerDay: 40 },
  { serverRecipientsPerHour: 30 },
  { messageRecipientsMax: 12, accountRecipientsPerHour: 20, serverRecipientsPerHour: 40 },
];
for (const policy of ceilings) {
  const slow = policy === ceilings.at(-1) ? '' : ' (slow)';
  for (const milter of [false, true]) {
    test(`the same answers: ${JSON.stringify(policy)}, milter ${milter}${slow}`, async () => {
      const seed = seedOfThisRun();
      const steps = script(dice(seed));
      const milterPresent = (): boolean => milter;
      const kept = openRig({ policy, milterPresent });
      const all = openRig({ policy, milterPresent });
      const got = await answers(kept, kept.policyHandler, steps);
      const want = await answers(all, judgingAll(all, milterPresent), steps);
      assert.deepEqual(got, want, `SEED=${seed}`);
    });
  }
}

/** How often recipients were looked up for this many questions of one account, in two sessions. */
function lookUps(questions: number, stages: readonly PolicyRequest['stage'][]): number {
  const rig = openRig({ policy: { accountRecipientsPerHour: 100 } });
  const { people } = rig.accounts.context;
  const { knownHere } = people;
  let count = 0;
  people.knownHere = (hash) => {
    count++;
    return knownHere.call(people, hash);
  };
  for (let nth = 0; nth < questions; nth++) {
    const connection = nth % 2;
    for (const stage of stages) {
      rig.policyHandler.ask(
        connection,
        {
          stage,
          instance: `${connection}`,
          queueId: '',
          account: accounts[0],
          client: '192.0.2.1',
          sender: '',
          recipient: `p${nth}@elsewhere.test`,
          clientName: '',
          reverseName: '',
          helo: '',
          recipientCount: 0,
          sizeBytes: 0,
          auth: '',
          tls: '',
        },
        () => undefined,
      );
    }
  }
  return count;
}

for (const stages of [['RCPT'], ['RCPT', 'DATA']] as const) {
  test(`each recipient is looked up a few times, however many are reserved: ${stages}`, () => {
    for (const questions of [500, 4_000]) {
      const count = lookUps(questions, stages);
      assert.ok(count <= 3 * questions, `${count} for ${questions} questions`);
    }
  });
}
