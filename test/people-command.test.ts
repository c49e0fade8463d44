/**
 * `postern accounts expect` and `postern accounts import` against a running guard: what they say,
 * and what becomes of the mail.
 */
import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parseConfig } from '../src/config/load.ts';
import { startDaemon } from '../src/daemon/daemon.ts';
import { openMilterClient, parseMilterAddress } from '../src/partners/milter/client.ts';
import { postern, type Ran, stateFolder } from './command-line.ts';

const token = 'k9Qm3vT7xB2nR5wY8zC1dF4g';
const club = 'club@here.test';

type Guard = {
  run(...words: readonly string[]): Promise<Ran>;
  /** Sends a message; undefined: it passed, else why it is held. */
  mail(account: string, to: readonly string[]): Promise<string | undefined>;
  /** A file for a command; its path. */
  file(name: string, text: string | Buffer): Promise<string>;
  readonly path: string;
};

async function guarded(use: (guard: Guard) => Promise<void>, mode = 'guard'): Promise<void> {
  await using state = await stateFolder();
  const { path } = state;
  const { config } = parseConfig(`mode = "${mode}"\n[postfix]\nqueue = "off"\n`, 'test');
  const anywhere = 'inet:127.0.0.1:0';
  Object.assign(config.doors, { milter: anywhere, policy: 'off', http: anywhere });
  config.mail_log.source = 'off';
  const log = (): void => undefined;
  await using daemon = await startDaemon({ state: path, config, movable: false, token, log });
  const runFile = { pid: process.pid, doors: daemon.doors, token };
  await writeFile(join(path, 'run.json'), JSON.stringify(runFile));
  const where = parseMilterAddress(daemon.doors.milter ?? '');
  assert.ok(where !== undefined);
  await use({
    path,
    run: (...words) => postern(...words, '--state', path),
    async mail(account, to) {
      await using client = await openMilterClient(where);
      const outcome = await client.send({
        login: account,
        sender: account,
        headers: [['From', account]],
        body: Buffer.from('hello\r\n'),
        recipients: to,
      });
      assert.equal(outcome.kind, 'taken');
      return outcome.held;
    },
    async file(name, text) {
      await writeFile(join(path, name), text);
      return join(path, name);
    },
  });
}

const members = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, nth) => `member${from + nth}@elsewhere.test`);

type Shown = {
  readonly account: {
    readonly knownRecipients: number;
    readonly importedRecipients: number;
    readonly expected?: { readonly left: number; readonly until: string };
  };
};
const shown = async ({ run }: Guard, name: string): Promise<Shown['account']> =>
  (JSON.parse((await run('accounts', 'show', name, '--json')).out) as Shown).account;

describe('a club announces a mailing', () => {
  test('it passes, is counted down, shown and listed; what is left can be taken back', async () => {
    await guarded(async (guard) => {
      const { mail, run } = guard;
      const words = ['accounts', 'expect', club, '--recipients', '300', '--until', '3d'];
      const unknown = await run(...words);
      assert.equal(unknown.exit, 67);
      assert.match(unknown.err, /club@here\.test has never sent mail here/);
      const said = await run(...words, '--unknown', '--note', 'yearly meeting');
      assert.equal(said.exit, 0, said.err);
      assert.match(said.out, /^club@here\.test: 300 new recipients announced until 20\d\d-/);
      assert.equal(await mail(club, members(180)), undefined);
      const { expected, knownRecipients } = await shown(guard, club);
      assert.deepEqual([expected?.left, knownRecipients], [120, 180]);
      assert.match(String(expected?.until), /^20\d\d-\d\d-\d\dT/, 'a time in --json');
      const text = (await run('accounts', 'show', club)).out;
      assert.match(text, /^Announced by .* until .*: 300 new recipients, 120 left\. To end it: /m);
      assert.match(text, /expect by .*: 300 new recipients announced .*: yearly meeting/);
      const listed = (await run('accounts', 'expect', '--list')).out;
      assert.match(listed, /^club@here\.test +300 +120 /m);
      const more = await run(...words.slice(0, 4), '400', '--until', '3d');
      assert.match(more.out, /400 new recipients .*, 220 of them left/);
      const afresh = await run(...words.slice(0, 4), '400', '--until', '3d', '--from-now');
      assert.doesNotMatch(afresh.out, /left/);
      const gone = await run('accounts', 'expect', club, '--cancel');
      assert.match(gone.out, /announcement taken back, 400 of 400 left/);
      assert.notEqual(await mail(club, members(300, 1_000)), undefined, 'they are strangers again');
      assert.equal((await run('accounts', 'expect', club, '--cancel')).exit, 67);
      assert.equal((await run('accounts', 'expect', '--list')).out, 'No mailing is announced.\n');
    });
  });

  test('words that say nothing, or too much', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[club], /give NAME with --recipients and --until/],
      [[club, '--recipients', '3'], /give NAME with --recipients and --until/],
      [[club, '--recipients', '0', '--until', '1d'], /from 1 to 100000/],
      [[club, '--recipients', '100001', '--until', '1d'], /from 1 to 100000/],
      [[club, '--recipients', '3', '--until', 'now'], /use --cancel/],
      [[club, '--cancel', '--until', '1d'], /cannot be used with/],
      [[club, '--list'], /give NAME/],
    ];
    for (const [words, line] of cases) {
      const { err, exit } = await postern('accounts', 'expect', ...words);
      assert.deepEqual([exit, line.test(err)], [64, true], `${words.join(' ')}: ${err}`);
    }
    await guarded(async ({ run }) => {
      const far = await run(
        ...['accounts', 'expect', club, '--unknown', '--recipients', '3', '--until', '40d'],
      );
      assert.equal(far.exit, 1);
      assert.match(far.err, /at most 30 days/);
    });
  });
});

const joe = 'joe@here.test';
const importFor = (...files: readonly string[]): readonly string[] => [
  ...['accounts', 'import', '--account', joe, '--unknown', ...files],
];

describe('somebody moves here', () => {
  test('a vCard and a CSV file: known, shown, listed, undone', async () => {
    await guarded(async (guard) => {
      const { file, mail, run } = guard;
      const cards = members(60).map((one) => `BEGIN:VCARD\nEMAIL:${one}\nEND:VCARD\n`);
      const vcf = await file('contacts.vcf', `${cards.join('')}BEGIN:VCARD\nFN:x\nEND:VCARD\n`);
      const csv = await file('book.csv', `name,mail\nx,${members(2, 59).join('\ny,')}\n`);
      const dry = await run(...importFor(vcf, csv), '--dry-run');
      assert.match(dry.out, /61 addresses would become known\nNothing was changed/);
      assert.equal((await run('accounts', 'show', joe)).exit, 67);
      const { err, exit, out } = await run(...importFor(vcf, csv), '--note', 'moved');
      assert.deepEqual([exit, err], [0, '']);
      assert.equal(
        out.replaceAll(`${guard.path}/`, ''),
        'contacts.vcf: 61 vCards read, 60 addresses found; left out: 1 without an address\n' +
          'book.csv: 2 rows read, 2 addresses found\n' +
          'joe@here.test: 61 addresses are known to it from now on\n' +
          'To take it back within 30 days: postern accounts import --undo 1\n',
      );
      assert.equal(await mail(joe, members(50)), undefined);
      assert.notEqual(await mail('ann@here.test', members(200, 500)), undefined);
      const { importedRecipients, knownRecipients } = await shown(guard, joe);
      assert.deepEqual([importedRecipients, knownRecipients], [61, 61]);
      const text = (await run('accounts', 'show', joe)).out;
      assert.match(text, /61 recipients known, 61 of them imported\./);
      assert.match(text, /import by .*: import 1 of contacts\.vcf, book\.csv: moved/);
      assert.match((await run('accounts', 'import', '--list')).out, /^ *1 +joe@here\.test +61 /m);
      const undone = await run('accounts', 'import', '--undo', '1');
      assert.match(undone.out, /import 1 undone: 11 of 61 .*; 50 stay, because mail has gone/);
      assert.equal((await shown(guard, joe)).knownRecipients, 50);
      assert.equal((await run('accounts', 'import', '--undo', '1')).exit, 1);
      assert.equal((await run('accounts', 'import', '--undo', '9')).exit, 67);
    });
  });

  test('more than one request, compressed, as JSON; known ones are said', async () => {
    await guarded(async ({ file, run }) => {
      const list = await file('list.gz', gzipSync(members(1_300).join('\n')));
      const { out } = await run(...importFor(list), '--json');
      const all = JSON.parse(out) as {
        readonly id: number;
        readonly accounts: readonly { added: number; known: number }[];
        readonly files: readonly { kind: string; addresses: number }[];
      };
      const [account] = all.accounts;
      assert.deepEqual([all.id, account?.added, account?.known], [1, 1_300, 0]);
      assert.deepEqual([all.files[0]?.kind, all.files[0]?.addresses], ['list', 1_300]);
      const again = await run(...importFor(list));
      assert.match(again.out, /: 0 addresses are known to it from now on, 1300 were known\n$/);
      assert.equal(again.exit, 0);
    });
  });

  test('a Maildir: links are not followed, and mail that came in is left out', async () => {
    await guarded(async ({ file, path, run }) => {
      for (const folder of ['cur', 'new', 'tmp'])
        await mkdir(join(path, '.Sent', folder), { recursive: true });
      const message = (to: string): string => `From: ${joe}\nTo: ${to}\n\nTo: body@w.test\n`;
      await file('.Sent/cur/1:2,S', message('a@w.test, B <b@w.test>'));
      await file('.Sent/new/2', `Return-Path: <x@w.test>\n${message('other@w.test')}`);
      await file('secret', message('secret@w.test'));
      await symlink(join(path, 'secret'), join(path, '.Sent/cur/3'));
      const text = (await run(...importFor(join(path, '.Sent')), '--dry-run')).out;
      assert.match(text, /: 2 messages read, 2 addresses found; left out: 1 received, .*1 not a /);
      const { out } = await run(...importFor(join(path, '.Sent')), '--json');
      const [read] = (JSON.parse(out) as { files: readonly Record<string, unknown>[] }).files;
      assert.deepEqual([read?.['kind'], read?.['entries'], read?.['addresses']], ['maildir', 2, 2]);
      const none = await run(...importFor(path));
      assert.equal(none.exit, 66);
      assert.match(none.err, /no Maildir.*\n.*Maildir\/\.Sent/);
    });
  });

  test('nothing found is no success: 65, with what was read', async () => {
    await guarded(async ({ file, run }) => {
      const empty = await run(...importFor(await file('empty', '')));
      assert.equal(empty.exit, 65);
      const names = await run(...importFor(await file('names', 'Joe\nAnn\n')));
      assert.equal(names.exit, 65);
      assert.match(names.err, /no address was found.*\n.*2 lines read.*2 not a mail address/);
      const missing = await run(...importFor('/nonexistent/file'));
      assert.equal(missing.exit, 66);
      const wrong = await run('accounts', 'import', 'x');
      assert.equal(wrong.exit, 64);
    });
  });

  test('a line of 100 MB', { timeout: 120_000 }, async () => {
    await guarded(async ({ file, run }) => {
      const line = `EMAIL:${'x'.repeat(100 * 1024 * 1024)}`;
      const vcf = await file('big.vcf', `BEGIN:VCARD\n${line}\nEMAIL:a@w.test\nEND:VCARD\n`);
      const { err, exit, out } = await run(...importFor(vcf));
      assert.deepEqual([exit, err], [0, '']);
      assert.match(out, /1 address is known/);
    });
  });

  test('old logs: each login gets its own people', async () => {
    await guarded(async (guard) => {
      const { file, run } = guard;
      const log = await file('mail.log', [0, 1, 2, 3].map(logged).join(''));
      const { exit, err, out } = await run('accounts', 'import', '--logs', log);
      assert.deepEqual([exit, err], [0, '']);
      assert.match(out, /^Logs: 16 lines read, .*; 4 recipients of 2 logins found/);
      assert.match(out, /^Left out, never seen here: joe@here\.test, ann@here\.test\n.*--unknown/m);
      const all = await run('accounts', 'import', '--logs', '--unknown', log);
      assert.match(all.out, /^joe@here\.test: 2 addresses .*\nann@here\.test: 2 addresses /m);
      assert.match(all.out, /--undo 1\n$/, 'one import');
      assert.equal((await shown(guard, 'ann@here.test')).importedRecipients, 2);
      assert.equal((await run('accounts', 'import', '--undo', '1')).exit, 0);
      assert.equal((await shown(guard, joe)).knownRecipients, 0);
      const nothing = await run('accounts', 'import', '--logs', await file('no.log', 'x\n'));
      assert.equal(nothing.exit, 65);
    });
  });
});

/** One message, as Postfix logs it. */
function logged(nth: number): string {
  const stamp = (seconds: number): string =>
    new Date(Date.UTC(2026, 2, 2 + nth, 9) + seconds * 1_000).toISOString();
  const id = `4jYG8k${String(nth).padStart(8, '0')}`;
  const who = nth % 2 === 0 ? joe : 'ann@here.test';
  return [
    `${stamp(0)} mail postfix/smtpd[1]: ${id}: client=x[192.0.2.7], sasl_method=PLAIN, ` +
      `sasl_username=${who}`,
    `${stamp(1)} mail postfix/qmgr[1]: ${id}: from=<${who}>, size=283, nrcpt=1 (queue active)`,
    `${stamp(2)} mail postfix/smtp[1]: ${id}: to=<friend${nth}@w.test>, relay=mx[192.0.2.2]:25, ` +
      'delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)',
    `${stamp(2)} mail postfix/qmgr[1]: ${id}: removed\n`,
  ].join('\n');
}
