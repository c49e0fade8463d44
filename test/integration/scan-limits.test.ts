/**
 * What real scanners say about limits: rspamd with actions.conf as operators write it, clamd with a
 * message that is too long for it, and with findings that are no virus.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { callsSpam } from '../../src/core/scan/likeness.ts';
import { ScannerQueue } from '../../src/flow/scan/scanner-queue.ts';
import { openClamav } from '../../src/partners/scanners/clamav.ts';
import { openRspamd } from '../../src/partners/scanners/rspamd.ts';
import { postern, stateFolder } from '../command-line.ts';
import { quietWorld } from '../doubles/world.ts';
import { ManualTime } from '../ledger/manual-time.ts';
import { startClamd, startRspamdWorker } from './scanner-instances.ts';

const ordinary =
  'From: Ann <ann@here.example>\r\nTo: Joe <joe@elsewhere.example>\r\nSubject: Lunch\r\n' +
  'Date: Sat, 28 Nov 2026 12:00:00 +0000\r\nMessage-ID: <l4@here.example>\r\n' +
  'MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nShall we meet at noon?\r\n';
/** rspamd gives it between 15 and 25 points, without a name server. */
const phish =
  'From: <service@shop.example>\r\nSubject: =?utf-8?B?UkU6IFBBWSBOT1chISEgTEFTVCBXQVJOSU5H?=\r\n' +
  'Content-Type: text/html\r\n\r\n' +
  '<a href="http://203.0.113.9/a.php">https://www.shop.example/pay</a>\r\n';
/** Without From, To, Date and Message-ID: rspamd gives it between 6 and 8 points. */
const bare = 'Subject: x\r\n\r\nx\r\n';

type Variant = {
  readonly actions: string;
  /** Spam or not, for each of the messages. */
  readonly phish: boolean;
  readonly bare: boolean;
  /** What `postern scan` says about the limit. */
  readonly limit: RegExp;
};
const variants: readonly Variant[] = [
  { actions: 'reject = 500;', phish: true, bare: true, limit: /highest limit is 500\.0/ },
  { actions: 'reject = null; greylist = null;', phish: true, bare: true, limit: /limit is 6\.0/ },
  { actions: 'reject = 15; add_header = 8;', phish: true, bare: false, limit: /limit is 15\.0/ },
  { actions: 'add_header = null; reject = 30;', phish: false, bare: false, limit: /is 30\.0/ },
];

suite('rspamd', () => {
  for (const { actions, ...wanted } of variants) {
    test(`actions.conf with ${actions} Postern agrees with rspamd`, async () => {
      await using worker = await startRspamdWorker(actions);
      const where = { host: '127.0.0.1', port: worker.port };
      const rspamd = openRspamd({ where, octetsMax: 512_000, connections: 1 });
      for (const [text, isSpam] of [
        [phish, wanted.phish],
        [bare, wanted.bare],
        [ordinary, false],
      ] as const) {
        const report = await rspamd.scan(Buffer.from(text), 20_000);
        assert.equal(callsSpam(report), isSpam, JSON.stringify(report));
      }
      rspamd.close();
      await using folder = await stateFolder();
      const [config, file] = [join(folder.path, 'p.toml'), join(folder.path, 'm.eml')];
      await writeFile(config, `[scan]\nrspamd = "${worker.address}"\nhold_score = 0\n`);
      await writeFile(file, phish);
      const ran = await postern('scan', file, '--config', config);
      assert.equal(ran.exit, wanted.phish ? 1 : 0, ran.out + ran.err);
      assert.match(ran.out, wanted.limit);
      assert.match(ran.out, wanted.phish ? /looks like spam/ : /does not look like spam/);
    });
  }
});

suite('clamd', () => {
  const limits = { lines: ['StreamMaxLength 1M'], signatures: { 'Our.Own': 'XYPRESENTXY' } };
  const clamav = (port: number) =>
    openClamav({ where: { host: '127.0.0.1', port }, octetsMax: 8_000_000 });
  const bad = Buffer.from('Subject: x\r\n\r\nXYPRESENTXY\r\n');

  test('over StreamMaxLength is too big, and the virus right after is found', async () => {
    await using clamd = await startClamd(limits);
    const time = new ManualTime(1_000_000);
    const events: string[] = [];
    const world = quietWorld({ clock: time, timers: time, log: (_, event) => events.push(event) });
    const scanner = clamav(clamd.port);
    const queue = new ScannerQueue({
      scanner,
      connections: 5,
      deadlineMs: 20_000,
      world,
      onState: (_, state) => events.push(state),
    });
    const ask = (octets: Buffer): Promise<string> =>
      new Promise((done) =>
        queue.ask(octets, (said) => done(said.kind === 'report' ? said.report.virus : said.why)),
      );
    for (let n = 0; n < 3; n++) assert.equal(await ask(Buffer.alloc(2_500_000, 65)), 'too-big');
    assert.equal(await ask(bad), 'Our.Own.UNOFFICIAL');
    const together = await Promise.all(
      [8_000_000, 1_100_000, 1_000_000, 3_000_000].map((octets) => ask(Buffer.alloc(octets, 66))),
    );
    assert.deepEqual(together, ['too-big', 'too-big', '', 'too-big']);
    assert.equal(await ask(bad), 'Our.Own.UNOFFICIAL');
    assert.deepEqual(events, ['up', 'scan.too-big']);
    queue.close();
  });

  test('postern scan: too big is said once, and is no fault of the scanner', async () => {
    await using clamd = await startClamd(limits);
    await using folder = await stateFolder();
    const [config, file] = [join(folder.path, 'p.toml'), join(folder.path, 'm.eml')];
    await writeFile(config, `[scan]\nclamav = "${clamd.address}"\n`);
    await writeFile(file, `Subject: x\r\n\r\n${'All work and no play\r\n'.repeat(120_000)}`);
    const ran = await postern('scan', file, '--config', config);
    assert.deepEqual([ran.exit, ran.err], [0, '']);
    assert.equal(ran.out.match(/ClamAV did not scan the message: it is too big/g)?.length, 1);
    await writeFile(config, '[scan]\nclamav = "inet:127.0.0.1:1"\n');
    const down = await postern('scan', file, '--config', config);
    assert.equal(down.exit, 69);
    assert.equal(down.err.match(/ECONNREFUSED/g)?.length, 1, down.err);
  });

  test('heuristics of clamd are evidence, beyond a limit is too big', async () => {
    const lines = [
      ...['StructuredDataDetection yes', 'StructuredMinCreditCardCount 3'],
      ...['AlertExceedsMax yes', 'MaxFileSize 100K', 'MaxScanSize 200K'],
    ];
    await using clamd = await startClamd({ lines });
    await using folder = await stateFolder();
    const [config, file] = [join(folder.path, 'p.toml'), join(folder.path, 'm.eml')];
    await writeFile(config, `[scan]\nclamav = "${clamd.address}"\n`);
    const cards = '4111111111111111 and 5555555555554444 and 4012888888881881';
    await writeFile(file, ordinary.replace('Shall we meet', `My cards are ${cards}. Bye`));
    const heuristic = await postern('scan', file, '--config', config);
    assert.match(heuristic.out, /Heuristics\.Structured\.\S+, which is evidence/);
    await writeFile(file, `Subject: x\r\n\r\n${'All work and no play\r\n'.repeat(20_000)}`);
    const long = await postern('scan', file, '--config', config);
    assert.match(long.out, /ClamAV did not scan the message: it is too big/);
  });

  test('heuristics are evidence, a virus is a virus, and the list can be set', async () => {
    const signatures = { 'Heuristics.Phishing.Email.SpoofedDomain': 'a letter of my bank' };
    await using clamd = await startClamd({ signatures });
    await using folder = await stateFolder();
    const [config, file] = [join(folder.path, 'p.toml'), join(folder.path, 'm.eml')];
    await writeFile(file, 'Subject: x\r\n\r\nI send you a letter of my bank\r\n');
    const found = async (more: string) => {
      await writeFile(config, `[scan]\nclamav = "${clamd.address}"\n${more}`);
      return postern('scan', file, '--config', config);
    };
    const evidence = await found('');
    assert.equal(evidence.exit, 1);
    assert.match(evidence.out, /SpoofedDomain\S*, which is evidence \(scan\.clamav_evidence\)/);
    assert.match(evidence.out, /looks like spam\. That counts against the account/);
    const strict = await found('clamav_evidence = []\n');
    assert.match(strict.out, /Postern would hold this message for its virus/);
  });
});
