/**
 * What providers answer counts for the account that caused it: a real Postfix delivers through a
 * test DNS to receiving servers, two of which call the mail of one account spam.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { StoryView } from '../../src/ports/admin.ts';
import type { HeldRow } from '../../src/ports/ledger.ts';
import { type Person, people } from './guard-past.ts';
import { type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { eventually } from './leash.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';
import { type ReceivingServers, startReceivingServers, throughDns } from './receiving-servers.ts';

const spam = '550 5.7.1 This message looks like spam and was rejected. abc - gsmtp';
const unknown: Person = { account: '', friends: [] };
const [one = unknown, other = unknown] = people(2);
const domains = ['gmail.com', 'yahoo.com'];
/** Both have always written to the same people at two providers. */
const [spammer, neighbour] = [withFriends(one, 0), withFriends(other, 1)] as const;

function withFriends({ account }: Person, nth: number): Person {
  const friend = (to: number): string => `f${to}.of${nth}@${domains[to % 2]}`;
  return { account, friends: Array.from({ length: 12 }, (_, to) => friend(to)) };
}

let world: ReceivingServers;
let server: GuardedServer;

const metric = (event: string): Promise<number> =>
  server.guard.metric(`postern_mail_log_events_total{event="${event}"}`);

async function send({ account, friends }: Person, nth: number): Promise<string> {
  await using client = await server.login(account);
  const body = `Dear friend,\nthis is number ${nth * 31} of what I wanted to say to you.\n`;
  const to = [friends[nth % friends.length] ?? ''];
  const sent = await client.send({ from: account, to, id: `${account}-${nth}`, body });
  assert.equal(sent.stage, 'done', sent.reply.text);
  return sent.queueId;
}

const heldOf = async ({ account }: Person): Promise<readonly HeldRow[]> =>
  JSON.parse(await server.guard.cli('held', 'list', '--account', account, '--json'));

function tests(): void {
  before(async () => {
    world = await startReceivingServers();
    server = await startGuardedServer({ people: [spammer, neighbour], settings: throughDns });
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  test('whose mail two providers call spam is held for it, the neighbour is not', async () => {
    for (const receiver of [world.google, world.yahoo]) {
      receiver.says = ({ sender, stage }) =>
        stage === 'end' && sender === spammer.account ? spam : undefined;
    }
    let held: readonly HeldRow[] = [];
    let messages = 0;
    for (; messages < 40 && held.length === 0; messages++) {
      const before = await metric('bounced');
      await send(spammer, messages);
      await send(neighbour, messages);
      held = await heldOf(spammer);
      if (held.length > 0) break;
      await eventually('the answer', async () => (await metric('bounced')) > before || undefined, {
        detail: () => server.postfix.log(),
      });
    }
    assert.equal(held.length, 1, 'held in the end');
    assert.ok(messages > 4, 'a refusal or two are nobody’s fault');
    const id = held[0]?.queueId ?? '';
    const { story } = JSON.parse(await server.guard.cli('explain', id, '--json')) as {
      story: StoryView;
    };
    assert.equal(story.reasons[0]?.signal, 'provider-replies');
    const shown = JSON.parse(await server.guard.cli('accounts', 'show', spammer.account, '--json'));
    assert.equal(
      (shown as { readonly account: { readonly state: string } }).account.state,
      'watched',
    );
    assert.deepEqual(await heldOf(neighbour), []);
    console.log(`# held after ${messages} messages: ${story.reasons[0]?.text}`);
  });
}

if (onOwnMachine) tests();
else onMachineOfItsOwn(import.meta.filename);
