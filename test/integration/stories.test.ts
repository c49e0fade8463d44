/**
 * The stories of docs/operate.md, played: a real Postfix and guard get into each situation, and the
 * commands of the page are typed as it prints them. The answers must be what the page shows.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { LaneList } from '../../src/ports/lanes.ts';
import { fixedDoors } from './guard-instance.ts';
import type { Person } from './guard-past.ts';
import { type GuardedServer, startGuardedServer } from './guarded-server.ts';
import { eventually } from './leash.ts';
import { type NamedInstance, startNamed, updateServer } from './named-instance.ts';
import { onMachineOfItsOwn, onOwnMachine } from './own-machine.ts';
import {
  type ReceivingServers,
  startReceivingServers,
  throughDns,
  words,
} from './receiving-servers.ts';
import { type Ran, startSendmailServer, users } from './sendmail-server.ts';
import type { Sent } from './smtp-client.ts';
import { installProgram, leaveServer, typed, useServer } from './stories-server.ts';
import { readStories, tellStory } from './told-stories.ts';
import { contactForm, type Fields, mailer, postByCgi, website } from './web-form.ts';

const [joe, news, ann] = ['joe@example.org', 'news@example.org', 'ann@example.org'] as const;
const list = 'zen.spamhaus.org';
const ours = '192.0.2.25';

const person = (account: string): Person => ({
  account,
  friends: ['a', 'b', 'c', 'd', 'e', 'f'].map((one) => `${one}.${account.split('@')[0]}@gmail.com`),
});

const zone = `$ORIGIN ${list}.
$TTL 60
@ IN SOA ns.${list}. root.${list}. 1 3600 600 86400 60
@ IN NS ns
ns IN A 127.0.0.1
2.0.0.127 IN A 127.0.0.2
25.2.0.192 IN A 127.0.0.3
25.2.0.192 IN TXT "https://check.spamhaus.org/sbl/query/SBLCSS"
`;

let world: ReceivingServers;
let named: NamedInstance;
let server: GuardedServer;
let sent = 0;

/** One message of an account, from this address. */
async function send(
  account: string,
  subject: string,
  to: readonly string[],
  from = '127.0.0.1',
): Promise<Sent> {
  await using client = await server.login(account, from);
  const id = `story-${sent++}`;
  // Awaited here: the client ends with this function.
  return await client.send({ from: account, to, id, subject, body: `About ${subject}.\n` });
}

/** Sends to strangers, from one network after the other, until the account is suspended. */
async function suspended(
  account: string,
  strangers: string,
  subject: (nth: number) => string,
): Promise<void> {
  const isSuspended = async (): Promise<boolean> =>
    (await server.guard.log()).some(
      (line) => line.event === 'account.suspended' && line['account'] === account,
    );
  for (let nth = 0; nth < 40 && !(await isSuspended()); nth++) {
    const to = ['a', 'b', 'c'].map((one) => `${strangers}${nth}${one}@gmail.com`);
    await send(account, subject(nth), to, `127.66.${nth % 8}.1`);
  }
  assert.ok(await isSuspended(), `${account} was not suspended`);
}

function stories(): void {
  test('a server for the other stories', async () => {
    world = await startReceivingServers();
    named = await startNamed({ zones: { [list]: zone } });
    server = await startGuardedServer({
      people: [joe, news, ann].map(person),
      settings: throughDns,
      guard: { words: await fixedDoors() },
      refuse: (to) => (to.startsWith('postern-nobody') ? '550 5.1.1 no such user' : undefined),
      config: `[dns]
servers = ["${updateServer(named)}"]
timeout = "10s"
[identity]
addresses = ["${ours}"]
[listed]
lists = ["${list}"]
`,
    });
    await useServer(server);
  });
  after(async () => {
    if (server !== undefined) leaveServer();
    await server?.[Symbol.asyncDispose]();
    await named?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  test('3 a.m.: joe is suspended', async () => {
    await send(joe, 'Lunch', ['a.joe@gmail.com']);
    await eventually('Lunch arrives', () => world.google.taken.length > 0 || undefined);
    world.google.says = ({ stage, sender }) =>
      stage === 'end' && sender === joe && world.google.taken.length >= 1
        ? words.google.slowed
        : undefined;
    await suspended(joe, 'stranger', (nth) => `You have won ${nth}`);
    await eventually('Gmail slows us', async () => {
      const { lanes } = await server.guard.json<LaneList>('/api/providers');
      return lanes.some(({ provider, state }) => provider === 'google' && state === 'slowed')
        ? true
        : undefined;
    });

    const story = tellStory('3 a.m.: joe is suspended');
    const shown = await story.next();
    assert.match(shown, /from +127\.66\.0\.1 .*a network that it did not use before/);
    assert.match(shown, /to +stranger0a@gmail\.com, stranger0b@gmail\.com/);
    assert.match(shown, /last login .* from 127\.0\.0\.1, a network that it used before/);
    for (const command of story.commands.slice(1)) {
      assert.ok(shown.includes(command.replace(/ --note .*/, '')), command);
    }
    assert.match(await story.next(), /held drop --account joe@example\.org/);
    const refused = await send(joe, 'More', ['more@gmail.com']).catch(String);
    assert.ok(typeof refused === 'string' || refused.stage !== 'done', 'its mail is refused');
    await story.next();
    story.over();
    const held = await typed('postern held list --account joe@example.org');
    assert.match(held.text, /You have won/);
  });

  test('Gmail slows us', async () => {
    const story = tellStory('Gmail slows us');
    const { text } = await typed(/postern incidents show \S+/.exec(await story.next())?.[0] ?? '');
    assert.equal(await story.next(), text, 'the command that is printed shows the same');
    const report = await story.next();
    assert.match(report, /421-4\.7\.28/);
    assert.match(report, /Hijack +confirmed/);
    assert.doesNotMatch(report, /stranger0a/);
    story.over();
  });

  test('Are we listed?', async () => {
    const story = tellStory('Are we listed?');
    assert.match(await story.next(1), /reason: https:\/\/check\.spamhaus\.org\/sbl/);
    assert.match(await story.next(), /joe@example\.org .*ended/);
    const updates = join(server.state, 'updates');
    const { address, port } = named.server;
    const entry = `25.2.0.192.${list}`;
    writeFileSync(updates, `server ${address} ${port}\nupdate delete ${entry}\nsend\n`);
    execFileSync('/usr/bin/nsupdate', ['-k', named.keyFile, updates]);
    await story.next();
    story.over();
  });

  test('A newsletter does not arrive', async () => {
    world.google.says = undefined;
    // Not from a host of the server: from there, an account may begin a newsletter.
    const sendNews = (to: string) => send(news, 'Autumn programme', [to], '127.66.9.1');
    for (let nth = 0; nth < 60; nth++) await sendNews(`r${nth}@gmail.com`);
    await sendNews('anna@gmail.com');
    const story = tellStory('A newsletter does not arrive');
    await story.next();
    const shown = await story.next();
    assert.ok(shown.includes(story.commands[2] ?? assert.fail()));
    await story.next();
    story.over();
    const arrived = () => world.google.taken.includes('anna@gmail.com') || undefined;
    await eventually('Anna gets it', arrived);
  });

  test('Was this a false alarm?', async () => {
    await suspended(ann, 'guest', () => 'Summer party');
    const story = tellStory('Was this a false alarm?');
    assert.match(await story.next(), /to +guest0a@gmail\.com/);
    await story.next();
    await eventually('all is delivered', async () => {
      const { text } = await typed(story.commands[2] ?? '');
      return text.split('released, delivered').length === 4 || undefined;
    });
    await story.next();
    story.over();
    assert.match((await typed('postern held list --account ann@example.org')).text, /^No/);
  });

  test('What next?', async () => {
    // On a busy machine a late source makes another item the next step.
    await eventually('every source answers in time', async () => {
      const { text } = await typed('postern checklist --all');
      return !/no answer within/.test(text) || undefined;
    });
    const story = tellStory('What next?');
    const [first = ''] = (await story.next(1)).split('\n');
    assert.match(first, new RegExp(`next step: ${story.commands[2]}$`));
    await story.next(1);
    await story.next();
    story.over();
    assert.match((await typed(story.commands[1] ?? '')).text, /^✓ done/);
  });
}

async function scriptStory(): Promise<void> {
  await using shop = await startSendmailServer({ mode: 'guard' });
  mkdirSync('/var/www', { recursive: true });
  await website('/var/www/shop', users.www, { 'contact.php': contactForm });
  await website('/var/www/shop/uploads', users.www, { 'x.php': mailer });
  await useServer(shop);
  using _ = { [Symbol.dispose]: leaveServer };
  const post = (script: string, fields: Fields): Promise<Ran> =>
    postByCgi({ script, uid: users.www, sendmail: shop.sendmail, fields });
  const question = { name: 'Vi', email: 'vi@sit.test', copy: '', message: 'How much?' };
  const [contact, spam] = ['/var/www/shop/contact.php', '/var/www/shop/uploads/x.php'];
  const arrives = (id: string) =>
    eventually(`${id} arrives`, () => shop.sink.recipients(id).length || undefined);
  await post(contact, { ...question, id: 'before', subject: 'A question' });
  await post(spam, { messages: '12' });
  await arrives('before');
  await eventually('all is counted', async () => {
    const { text } = await typed('postern stats --by script');
    return / 12 +120 /.test(text) || undefined;
  });

  const story = tellStory('Which script sends spam?');
  await story.next();
  assert.match(await story.next(), /s1\d@stranger\.test/);
  const [drop = ''] = /postern held drop .*/.exec(await story.next()) ?? [];
  story.over();
  const reached = shop.sink.recipients('run').length;
  await post(spam, { messages: '2' });
  await post(contact, { ...question, id: 'after', subject: 'Another question' });
  await arrives('after');
  assert.equal(shop.sink.recipients('run').length, reached, 'it sends nothing more');
  assert.match((await typed(`${drop} --yes`)).text, /messages dropped/);
}

if (onOwnMachine) {
  test('seven stories, each with at most three commands', () => {
    const told = readStories();
    assert.equal(told.size, 7);
    for (const [heading, steps] of told) {
      assert.ok(steps.length >= 1 && steps.length <= 3, `${heading}: ${steps.length} commands`);
    }
  });
  installProgram();
  test('Which script sends spam?', scriptStory);
  stories();
} else onMachineOfItsOwn(import.meta.filename);
