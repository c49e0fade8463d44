/**
 * Websites on a real mail server: PHP's own mail() by CGI and FastCGI through postern-sendmail,
 * with the register in guard mode. The honest form delivers, the abused one is held and named. That
 * there is no way round, sendmail-privilege.test.ts shows.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ScriptListView } from '../../src/ports/scripts.ts';
import type { StatsAnswer } from '../../src/ports/stats.ts';
import { eventually } from './leash.ts';
import { runAs, type SendmailServer, startSendmailServer, users } from './sendmail-server.ts';
import {
  contactForm,
  type Fields,
  type Fpm,
  mailer,
  postByCgi,
  startFpm,
  website,
} from './web-form.ts';

/** Two customers. */
const [shop, club]: readonly [number, number] = [users.www, users.nobody];

let server: SendmailServer;
let fpm: Fpm;
let contact: string;
let newcomer: string;
let spammer: string;
before(async () => {
  server = await startSendmailServer({
    mode: 'guard',
    config: '[scripts]\nmode = "guard"\nweb_users = ["www-data", "games"]\n',
  });
  const [ofShop, ofClub] = [join(server.dir, 'shop'), join(server.dir, 'club')];
  await website(ofShop, shop, { 'contact.php': contactForm, 'new.php': contactForm });
  await website(ofClub, club, { 'mailer.php': mailer });
  contact = join(ofShop, 'contact.php');
  newcomer = join(ofShop, 'new.php');
  spammer = join(ofClub, 'mailer.php');
  await server.guard.cli('scripts', 'allow', contact, '--owner', 'owner@shop.test');
  fpm = await startFpm({ dir: server.dir, uid: shop, sendmail: server.sendmail });
});
after(async () => {
  await fpm?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const honest = (id: string): Fields => ({
  id,
  name: 'Vi Sitor',
  email: 'vi@sit.test',
  subject: 'A question',
  copy: '1',
  message: 'From: here\nSubject: yours\n\nHow much is it?\n\n> To: somebody',
});
const post = (script: string, fields: Fields, uid = shop) =>
  postByCgi({ script, uid, sendmail: server.sendmail, fields });

const delivered = (id: string) =>
  eventually(
    `${id} is delivered`,
    () => server.sink.recipients(id).toSorted().join() || undefined,
    {
      detail: async () =>
        `${await server.postfix.log()}\n${JSON.stringify(await server.guard.log())}`,
    },
  );

type Held = { readonly queueId: string; readonly account: string };
type Explained = {
  readonly story: {
    readonly subject: string;
    readonly reasons: readonly { readonly text: string }[];
  };
};
/** The reasons for which the mail with this subject is held. */
const heldFor = (subject: string): Promise<readonly string[]> =>
  eventually(
    `${subject} is held`,
    async () => {
      for (const { queueId } of await server.guard.json<readonly Held[]>('/api/held?state=held')) {
        const { story } = await server.guard.json<Explained>(`/api/explain/${queueId}`);
        if (story.subject === subject) return story.reasons.map(({ text }) => text);
      }
      return undefined;
    },
    { detail: () => server.postfix.log() },
  );

test('the honest form delivers, by CGI and by FastCGI, to its owner and the visitor', async () => {
  const { stdout, stderr } = await post(contact, honest('cgi'));
  assert.match(stdout, /thank you/, stderr);
  const page = await fpm.post(contact, honest('fpm'));
  assert.match(page.stdout, /thank you/, page.stderr);
  for (const id of ['cgi', 'fpm']) assert.equal(await delivered(id), 'owner@shop.test,vi@sit.test');
  const { scripts } = await server.guard.json<ScriptListView>('/api/scripts');
  const row = scripts.find(({ subject }) => subject === contact);
  assert.deepEqual(
    [row?.account, row?.messages, row?.uid, row?.rule, row?.odd],
    [`script:${contact}`, 2, shop, 'r1', 0],
  );
});

test('injected header fields: held, and named', async () => {
  const crowd = Array.from({ length: 40 }, (_, n) => `v${n}@stranger.test`).join(', ');
  const email = `vi@sit.test\nTo: ${crowd}`;
  const page = await post(contact, { ...honest('injected'), email, subject: 'Injected', copy: '' });
  assert.match(page.stdout, /thank you/);
  const reasons = await heldFor('Injected');
  assert.match(reasons.join('\n'), /header injection: a second To field names 40 addresses more/);
  assert.match(reasons.join('\n'), /writes to 40 others besides owner@shop\.test/);
  assert.deepEqual(server.sink.recipients('injected'), []);
  assert.match(await server.guard.cli('scripts', 'list', '--odd'), /contact\.php/);
});

test('a Bcc field that a visitor typed: the copy goes nowhere', async () => {
  const email = 'vi@sit.test\r\nBcc: a@stranger.test, b@stranger.test';
  await post(contact, { ...honest('bcc'), email, subject: 'Bcc', copy: '' });
  const [reason = ''] = await heldFor('Bcc');
  assert.match(reason, /writes to 2 others besides owner@shop\.test \([ab]@stranger\.test, /);
});

test('an unknown script is held with the reason, and leaves when a person says so', async () => {
  await post(newcomer, { ...honest('new'), subject: 'New here' });
  const [reason = ''] = await heldFor('New here');
  assert.match(reason, /no rule for the script .*\/shop\/new\.php \(as www-data\)/);
  assert.match(await server.guard.cli('held', 'list'), /new\.php .* by a script rule/);
  const shown = await server.guard.cli('scripts', 'show', newcomer);
  assert.match(shown, /No rule: fewer than 3 messages were seen, too few to suggest one/);
  const said = await server.guard.cli('scripts', 'observe', newcomer);
  assert.match(said, /undo: (?:\.\/)?postern scripts forget r2/);
  await server.guard.cli('held', 'release', '--account', `script:${newcomer}`);
  assert.equal(await delivered('new'), 'owner@shop.test,vi@sit.test');
});

test('another customer who names the form is not the form', async () => {
  await post(contact, { ...honest('borrowed'), subject: 'Borrowed' }, club);
  const [reason = ''] = await heldFor('Borrowed');
  assert.match(reason, /no rule for the script .*contact\.php \(as nobody\)/);
});

test('a script that writes to 300 strangers is held, as an account is', async () => {
  await server.guard.cli('scripts', 'allow', spammer, '--any');
  const page = await post(spammer, { messages: '30' }, club);
  assert.match(page.stdout, /\.{30}/, page.stdout + page.stderr);
  await eventually(
    'all were judged',
    async () => {
      const { lines } = await stats();
      return lines.find(({ key, messages }) => key === spammer && messages === 30);
    },
    { detail: async () => JSON.stringify(await stats()) },
  );
  const reached = server.sink.recipients('run').length;
  assert.ok(reached < 150, `${reached} of 300 were reached`);
  const { lines } = await stats();
  assert.ok((lines.find(({ key }) => key === spammer)?.stopped ?? 0) >= 15);
  // The form beside it is not touched.
  await post(contact, honest('after'));
  assert.equal(await delivered('after'), 'owner@shop.test,vi@sit.test');
});

const stats = async (): Promise<StatsAnswer> =>
  JSON.parse(await server.guard.cli('stats', '--by', 'script', '--json')) as StatsAnswer;

test('a web user who speaks SMTP to this machine is known by his socket, and held', async () => {
  assert.equal(await smtpAs(users.games, 'Direct'), '');
  const [reason = ''] = await heldFor('Direct');
  assert.equal(reason, 'no rule for mail of games without a script');
  assert.equal(await smtpAs(users.daemon, 'Another'), '');
  assert.equal(await delivered('Another'), 'x@world.test');

  const { configFile } = server.guard;
  const config = await readFile(configFile, 'utf8');
  await writeFile(
    configFile,
    config.replace('[scripts]', '[scripts]\ndirect_connections = "refuse"'),
  );
  server.guard.kill('SIGHUP');
  await server.guard.logged('config.reloaded');
  const refused = await smtpAs(users.games, 'Refused');
  assert.match(refused, /^550 5\.7\.1 Websites on this server send mail by sendmail, not by SMTP/);
  assert.equal(await smtpAs(users.daemon, 'Passed'), '');
});

/**
 * Speaks SMTP as this user, as a script would do with a socket of its own; answers with what was
 * refused.
 */
async function smtpAs(uid: number, subject: string): Promise<string> {
  const script = `
    const socket = require('node:net').connect(${server.postfix.ports.smtp}, '127.0.0.1');
    const lines = ['HELO x', 'MAIL FROM:<win@world.test>', 'RCPT TO:<x@world.test>', 'DATA',
      'Subject: ${subject}\\r\\nX-Test-Id: ${subject}\\r\\n\\r\\nHi.\\r\\n.', 'QUIT'];
    socket.on('data', (text) => {
      if (/^[45]/m.test(text)) process.stdout.write(text);
      const line = lines.shift();
      if (line !== undefined) socket.write(line + '\\r\\n');
    });`;
  return (await runAs(process.execPath, { uid, args: ['-e', script] })).stdout;
}
