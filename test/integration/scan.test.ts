/**
 * Mail that leaves, shown to real scanners before it is judged: SpamAssassin with Debian's rules,
 * rspamd, ClamAV. A wired guard is started from a configuration, and a milter client plays the mail
 * server.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { checkScanners } from '../../src/commands/doctor/scanners.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import type { Finding } from '../../src/core/finding.ts';
import { callsSpam } from '../../src/core/scan/likeness.ts';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts';
import { openMilterClient, parseMilterAddress } from '../../src/partners/milter/client.ts';
import { openClamav } from '../../src/partners/scanners/clamav.ts';
import { openRspamd } from '../../src/partners/scanners/rspamd.ts';
import { openSpamAssassin } from '../../src/partners/scanners/spamassassin.ts';
import type { StatsAnswer } from '../../src/ports/stats.ts';
import { postern, type Ran, type StateFolder, stateFolder } from '../command-line.ts';
import { eventually } from './leash.ts';
import { newsletter, spamCopy } from './scan-messages.ts';
import {
  eicar,
  type ScannerInstance,
  type SpamdInstance,
  startClamd,
  startRspamdWorker,
  startSpamd,
} from './scanner-instances.ts';

const token = 'k9Qm3vT7xB2nR5wY8zC1dF4g';
const samples = '/usr/share/doc/spamassassin/examples';
const gtube = readFileSync(`${samples}/sample-spam.txt`);
const nonspam = readFileSync(`${samples}/sample-nonspam.txt`);
const where = (port: number): { host: string; port: number } => ({ host: '127.0.0.1', port });

/** A guard of its own, and whoever sends mail through it. */
class Guard implements AsyncDisposable {
  readonly state: StateFolder;
  readonly config: Config;
  readonly daemon: Daemon;
  readonly logged: string[];
  #sent = 0;

  constructor(state: StateFolder, config: Config, daemon: Daemon, logged: string[]) {
    this.state = state;
    this.config = config;
    this.daemon = daemon;
    this.logged = logged;
  }

  static async start(toml: string): Promise<Guard> {
    const state = await stateFolder();
    const { config } = parseConfig(`${toml}\n[postfix]\nqueue = "off"\n`, 'test');
    const loopback = 'inet:127.0.0.1:0';
    Object.assign(config.doors, { milter: loopback, policy: 'off', http: loopback });
    config.mail_log.source = 'off';
    const logged: string[] = [];
    const log = (_: string, event: string): void => void logged.push(event);
    const daemon = await startDaemon({ state: state.path, config, movable: false, token, log });
    const run = { pid: process.pid, doors: { ...daemon.doors, policy: 'off' }, token };
    await writeFile(join(state.path, 'run.json'), JSON.stringify(run));
    return new Guard(state, config, daemon, logged);
  }

  /** Sends a message of `login`; answers with how it ended: pass, hold, or the reply. */
  async send(
    login: string,
    testMessage: Buffer | string,
    to = ['a@elsewhere.example'],
  ): Promise<string> {
    const text = Buffer.from(testMessage).toString().replace(/\r?\n/g, '\r\n');
    const blank = text.indexOf('\r\n\r\n');
    const headers = text
      .slice(0, blank)
      .replace(/\r\n([ \t])/g, '\n$1')
      .split('\r\n')
      .map(
        (line) =>
          [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const,
      );
    const address = parseMilterAddress(this.daemon.doors.milter);
    assert.ok(address !== undefined);
    const client = await openMilterClient(address, {});
    try {
      const outcome = await client.send({
        sender: login,
        recipients: to,
        login,
        queueId: `T${(this.#sent++).toString(36)}XYZ`,
        headers: headers.filter(([name]) => /^[!-9;-~]+$/.test(name)),
        body: Buffer.from(text.slice(blank + 4)),
      });
      if (outcome.kind === 'refused') return outcome.reply;
      return outcome.held === undefined ? 'pass' : 'hold';
    } finally {
      await client.close();
    }
  }

  /** What doctor says of its scanners. */
  async doctor(): Promise<readonly Finding[]> {
    const headers = { authorization: `Bearer ${token}` };
    const status = await (await fetch(`${this.daemon.doors.http}/api/status`, { headers })).json();
    return checkScanners(this.config, status as Record<string, unknown>);
  }

  run(...words: readonly string[]): Promise<Ran> {
    return postern(...words, '--state', this.state.path);
  }

  async stats(...words: readonly string[]): Promise<StatsAnswer> {
    const { out, exit, err } = await this.run('stats', '--json', ...words);
    assert.equal(exit, 0, err);
    return JSON.parse(out) as StatsAnswer;
  }

  async metric(name: string): Promise<number> {
    const headers = { authorization: `Bearer ${token}` };
    const text = await (await fetch(`${this.daemon.doors.http}/metrics`, { headers })).text();
    return Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
    await this.state[Symbol.asyncDispose]();
  }
}

suite('SpamAssassin', () => {
  let spamd: SpamdInstance;
  before(async () => {
    spamd = await startSpamd();
  });
  after(() => spamd[Symbol.asyncDispose]());
  const scanned = (more = '', mode = ''): Promise<Guard> =>
    Guard.start(`${mode}[scan]\nspamassassin = "${spamd.address}"\n${more}`);

  test('score, rules and their meaning come over the wire', async () => {
    const client = openSpamAssassin({ where: where(spamd.port), user: '', octetsMax: 512_000 });
    const spam = await client.scan(gtube, 20_000);
    assert.deepEqual([spam.score, spam.required], [1_000, 5]);
    const rule = spam.rules.find(({ name }) => name === 'GTUBE');
    assert.equal(rule?.points, 1_000);
    assert.match(rule?.about ?? '', /Generic Test for Unsolicited Bulk Email/);
    assert.ok((await client.scan(nonspam, 20_000)).score < 5);
    assert.match((await client.process(gtube, 20_000)).toString(), /^X-Spam-Flag: YES\r?$/m);
    assert.equal(await client.tell(gtube, 'spam', 20_000), true);
    assert.equal(await client.tell(gtube, 'forget', 20_000), true);
  });

  test('GTUBE is beyond the limit and held, ham passes, and both are in the numbers', async () => {
    await using guard = await scanned();
    assert.equal(await guard.send('joe@here.example', gtube), 'hold');
    assert.equal(await guard.send('ann@here.example', nonspam), 'pass');
    const held = await guard.run('held', 'list');
    assert.match(held.out, /joe@here\.example .* for its content/);
    const explained = await guard.run('explain', 'T0XYZ');
    assert.match(
      explained.out,
      /SpamAssassin gave this message 1000 points \(GTUBE\); spam is 5 or more/,
    );
    const answer = await eventually('both are counted', async () => {
      const found = await guard.stats('--by', 'account');
      return found.total.scored === 2 ? found : undefined;
    });
    assert.deepEqual(
      answer.lines.map(({ key, spam, stopped }) => [key, spam, stopped]),
      [
        ['joe@here.example', 1, 1],
        ['ann@here.example', 0, 0],
      ],
    );
    const rules = await guard.stats('--by', 'rule');
    assert.ok(rules.lines.some(({ key }) => key === 'GTUBE'));
    assert.match((await guard.run('status')).out, /spamassassin inet:127\.0\.0\.1:/);
    const [finding] = await guard.doctor();
    assert.deepEqual([finding?.id, finding?.kind], ['scan.spamassassin', 'ok']);
  });

  test('1,000 copies of one spam, names, links and numbers varied: at most 20 scans', async (t) => {
    await using guard = await scanned('hold_score = 0', 'mode = "observe"\n');
    const before = spamd.scans();
    for (let n = 0; n < 1_000; n++) {
      const to = [`p${n}@elsewhere.example`];
      assert.equal(await guard.send('joe@here.example', spamCopy(n), to), 'pass');
    }
    const scans = await guard.metric('postern_scan_messages_total{result="scanned"}');
    t.diagnostic(`${scans} scans, ${spamd.scans() - before} by spamd's own log`);
    assert.ok(scans <= 20 && spamd.scans() - before <= 20);
    assert.equal(await guard.metric('postern_scan_spam_total'), 1_000);
  });

  test('spam is told from newsletters: no spam verdict is reused for ham', async (t) => {
    await using guard = await scanned('hold_score = 0\nconnections = 3\ndeadline = "30s"');
    await guard.send('spammer@here.example', spamCopy(1));
    const testMessages = 100;
    const seen = new Set<string>();
    // All thousand are in flow/scan/message-scanned.test.ts: here each costs a scan.
    for (let from = 0; from < testMessages; from += 20) {
      await Promise.all(
        Array.from({ length: 20 }, async (_, i) => {
          const testMessage = newsletter(from + i);
          seen.add(testMessage);
          await guard.send(`news${from + i}@here.example`, testMessage);
        }),
      );
    }
    assert.equal(seen.size, testMessages);
    const { total } = await eventually('all are counted', async () => {
      const found = await guard.stats('--by', 'day');
      return found.total.messages === testMessages + 1 ? found : undefined;
    });
    t.diagnostic(
      `${total.scans} scans, ${total.reused} reused, ${total.spam} spam-like of ` +
        `${testMessages + 1}`,
    );
    assert.equal(total.spam, 1);
    assert.equal(total.scored, testMessages + 1);
    assert.equal(total.reused, 0);
  });

  test('stopped in the middle: mail passes unscanned and counted, until it is back', async () => {
    await using guard = await scanned('deadline = "5s"\nconnections = 3');
    const send = (n: number): Promise<string> =>
      guard.send(`u${n}@here.example`, newsletter(2_000 + n));
    assert.equal(await send(0), 'pass');
    spamd.signal('SIGSTOP');
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => send(n + 1)));
    assert.ok(answers.every((answer) => answer === 'pass'));
    await eventually('it is left alone', () => guard.logged.includes('scan.down') || undefined);
    const began = performance.now();
    for (let n = 0; n < 50; n++) assert.equal(await send(n + 100), 'pass');
    // If each waited for its deadline, it would be four minutes.
    assert.ok(performance.now() - began < 25_000, 'nobody waits for it');
    assert.equal(await guard.metric('postern_scan_up{scanner="spamassassin"}'), 0);
    assert.match((await guard.run('status')).out, /\(does not answer\)/);
    spamd.signal('SIGCONT');
    await eventually('it is back', () => guard.logged.includes('scan.up') || undefined);
    const before = await guard.metric('postern_scan_messages_total{result="scanned"}');
    await send(500);
    assert.equal(await guard.metric('postern_scan_messages_total{result="scanned"}'), before + 1);
  });

  test('where mail is to wait for its scan, it is asked to come again', async () => {
    await using guard = await Guard.start(
      '[scan]\nspamassassin = "inet:127.0.0.1:1"\nwhen_down = "delay"',
    );
    assert.match(await guard.send('joe@here.example', nonspam), /^451 4\./);
    const [finding] = await guard.doctor();
    assert.match(finding?.found ?? '', /ECONNREFUSED.*mail is delayed/);
    Object.assign(guard.config, structuredClone(guard.config));
    const passing = structuredClone(guard.config);
    passing.scan.when_down = 'pass';
    assert.deepEqual(guard.daemon.reload(passing), []);
    assert.equal(await guard.send('joe@here.example', nonspam), 'pass');
  });

  test('connect spamassassin finds it, proves it, sets it, and takes it out again', async () => {
    await using folder = await stateFolder();
    const file = join(folder.path, 'postern.toml');
    await writeFile(file, '# mine\nmode = "observe"\n');
    const words = ['connect', 'spamassassin', '--config', file, '--state', folder.path];
    const dry = await postern(...words, '--at', spamd.address, '--dry-run');
    assert.match(dry.out, /the spam test message gets 1000\S* points[\s\S]*\+\[scan\]/);
    assert.equal(readFileSync(file, 'utf8'), '# mine\nmode = "observe"\n');
    const done = await postern(...words, '--at', spamd.address, '--yes');
    assert.equal(done.exit, 0, done.err);
    assert.equal(
      parseConfig(readFileSync(file, 'utf8'), file).config.scan.spamassassin,
      spamd.address,
    );
    const scan = await postern('scan', `${samples}/sample-spam.txt`, '--config', file);
    assert.equal(scan.exit, 1);
    assert.match(scan.out, /1000\.0 {2}GTUBE/);
    assert.equal(
      (await postern('scan', `${samples}/sample-nonspam.txt`, '--config', file)).exit,
      0,
    );
    assert.equal((await postern(...words, '--undo')).exit, 0);
    assert.equal(readFileSync(file, 'utf8'), '# mine\nmode = "observe"\n');
    const nobody = await postern(...words, '--at', 'inet:127.0.0.1:1');
    assert.equal(nobody.exit, 69);
    assert.match(nobody.err, /spamd does not answer at any/);
  });
});

suite('rspamd and ClamAV', () => {
  let scanners: readonly ScannerInstance[];
  before(async () => {
    scanners = await Promise.all([startRspamdWorker(), startClamd()]);
  });
  after(() => Promise.all(scanners.map((one) => one[Symbol.asyncDispose]())));

  test('both are asked over kept connections, and hold what they should', async () => {
    const [rspamd, clamd] = scanners;
    assert.ok(rspamd !== undefined && clamd !== undefined);
    const ours = openRspamd({ where: where(rspamd.port), octetsMax: 512_000, connections: 2 });
    const spam = await ours.scan(gtube, 20_000);
    assert.ok(callsSpam(spam) && spam.rules.some(({ name }) => name === 'GTUBE'));
    const ham = await ours.scan(nonspam, 20_000);
    assert.deepEqual([ham.required, ham.action?.highest, callsSpam(ham)], [0, 15, false]);
    ours.close();
    const clam = openClamav({ where: where(clamd.port), octetsMax: 1_000_000 });
    for (let n = 0; n < 3; n++) {
      assert.equal((await clam.scan(Buffer.from(`Subject: x\r\n\r\n${n}\r\n`), 20_000)).virus, '');
      assert.match((await clam.scan(Buffer.from(eicar), 20_000)).virus, /^Eicar-Test-Signature/);
    }
    const large = Buffer.alloc(900_000, 'all work and no play ');
    assert.equal((await clam.scan(large, 20_000)).virus, '');
    clam.close();
    await using guard = await Guard.start(
      `[scan]\nrspamd = "${rspamd.address}"\nclamav = "${clamd.address}"`,
    );
    const testMessage = (text: string): string =>
      `From: joe@here.example\nSubject: Hello\n\n${text}\n`;
    assert.equal(
      await guard.send('joe@here.example', testMessage('Lunch tomorrow at noon?')),
      'pass',
    );
    assert.equal(await guard.send('joe@here.example', testMessage(eicar)), 'hold');
    assert.match((await guard.run('explain', 'T1XYZ')).out, /ClamAV found Eicar-Test-Signature/);
    assert.equal(await guard.send('ann@here.example', gtube), 'hold');
    const found = await guard.doctor();
    assert.deepEqual(
      found.map(({ id, kind }) => [id, kind]),
      [
        ['scan.rspamd', 'ok'],
        ['scan.clamav', 'ok'],
      ],
    );
  });
});
