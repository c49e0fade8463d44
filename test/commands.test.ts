/**
 * The operator's commands against the HTTP door with a made-up night behind it: what they print
 * (golden files), what reaches the admin, and how they end.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { operator } from '../src/commands/guard/client.ts';
import { encodeProfile, newProfile } from '../src/core/account/profile.ts';
import { openLedger } from '../src/ledger/sqlite/open.ts';
import { postern, type Ran, stateFolder } from './command-line.ts';
import { stage, testToken } from './doubles/client.ts';
import {
  accountOf,
  exemptionRow,
  heldRow,
  joe as stored,
  storyRow,
  at as time,
} from './ledger/samples.ts';

const joe = 'joe.weber@example.org';
const who = operator();

/** Runs against a staged guard. `{door}` replaces its address in what was printed. */
async function asked(
  words: readonly string[],
  scene: Parameters<typeof stage>[0] = 'hijack',
  fault = '',
): Promise<Ran & { readonly calls: readonly string[] }> {
  await using at = await stage(scene);
  if (fault !== '') at.fail(fault);
  const doors = { milter: 'inet:127.0.0.1:9', policy: 'inet:127.0.0.1:9', http: at.door.address };
  await using state = await stateFolder({ doors, token: testToken });
  const ran = await postern(...words, '--state', state.path);
  return { ...ran, out: ran.out.replaceAll(at.door.address, '{door}'), calls: at.calls };
}

function golden(t: TestContext, name: string, text: string): void {
  const path = join(import.meta.dirname, 'golden/commands', `${name}.txt`);
  t.assert.fileSnapshot(text, path, { serializers: [String] });
}

describe('what a person reads', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['status', ['status', '--token']],
    ['accounts-list', ['accounts', 'list']],
    ['accounts-list-suspended', ['accounts', 'list', '--only', 'suspended']],
    ['accounts-list-exempt', ['accounts', 'list', '--exempt']],
    ['accounts-expect-list', ['accounts', 'expect', '--list']],
    ['accounts-import-list', ['accounts', 'import', '--list']],
    ['accounts-show', ['accounts', 'show', joe]],
    ['accounts-show-watched', ['accounts', 'show', 'press@example.org']],
    ['held-list', ['held', 'list']],
    ['held-show', ['held', 'show', '4bXm2R7hQzz2']],
    ['explain', ['explain', '4bXm0R7hQzz0']],
    ['explain-fate', ['explain', '4bXk0T0wQzz0']],
    ['explain-many', ['explain', '4bXk4T1wQzz4']],
    ['explain-secret', ['explain', '4bXk1T1wQzz1']],
    ['find-address', ['find', 'lena@gmail.example']],
    ['find-id', ['find', '4bXk3T1wQzz3']],
    ['find-account', ['find', '--account', joe, '--limit', '4']],
    ['inbound-list', ['inbound', 'list', '--since', '2020-01-01', '--limit', '6']],
    ['inbound-show', ['inbound', 'show', '4cQuarant1z1']],
    ['quarantine-list', ['quarantine', 'list']],
    ['incidents-list', ['incidents', 'list']],
    ['incidents-show', ['incidents', 'show', 'i-1']],
    ['incidents-csv', ['incidents', 'show', joe, '--csv']],
  ];
  for (const [name, words] of cases) {
    test(name, async (t) => {
      const { exit, out, err } = await asked(words);
      assert.deepEqual([exit, err], [0, '']);
      golden(t, name, out);
    });
  }

  test('status of a guard that only observes', async (t) => {
    const { exit, out } = await asked(['status'], 'observe');
    assert.equal(exit, 0);
    assert.ok(!out.includes(testToken), 'no token where there is no terminal');
    golden(t, 'status-observe', out);
  });

  test('explain in observe mode says that the message passed', async (t) => {
    const { out } = await asked(['explain', '4bXm2R7hQzz2'], 'observe');
    golden(t, 'explain-observe', out);
  });

  test('a ledger that takes no writes is told, with exit 1', async () => {
    const { exit, out, err } = await asked(['status'], 'quiet', 'disk full');
    assert.equal(exit, 1);
    assert.match(out, /ledger +takes no writes: disk full/);
    assert.match(err, /^postern: the ledger takes no writes: disk full\n/);
  });
});

describe('what programs read', () => {
  const cases: readonly (readonly [readonly string[], (value: never) => unknown, unknown])[] = [
    [['status'], (v: { mode: string }) => v.mode, 'guard'],
    [['accounts', 'list', '--limit', '3'], (v: unknown[]) => v.length, 3],
    [['accounts', 'list', '--like', 'press'], (v: unknown[]) => v.length, 1],
    [['accounts', 'list', '--exempt', '--like', 'FAIR'], (v: unknown[]) => v.length, 1],
    [['accounts', 'list', '--exempt', '--like', 'zzz'], (v: unknown[]) => v.length, 0],
    [['accounts', 'show', joe], (v: { incidents: unknown[] }) => v.incidents.length, 1],
    [['held', 'list', '--account', joe], (v: unknown[]) => v.length, 3],
    [['held', 'list', '--was', 'dropped'], (v: unknown[]) => v.length, 0],
    [['held', 'show', '4bXm2R7hQzz2'], (v: { held: { why: string } }) => v.held.why, 'queue'],
    [['explain', '4bXm2R7hQzz2'], (v: { story: { verdict: string } }) => v.story.verdict, 'hold'],
    [
      ['explain', '4bXk0T0wQzz0'],
      (v: { fate: { told: { brief: string } } }) => v.fate.told.brief,
      'delivered',
    ],
    [['find', 'parcel'], (v: { found: unknown[] }) => v.found.length, 3],
    [['find', '--to', 'Friend@Elsewhere.example'], (v: { found: unknown[] }) => v.found.length, 2],
    [
      ['find', '--subject', 'PARCEL', '--to', 'kim1@gmail.example'],
      (v: { found: unknown[] }) => v.found.length,
      1,
    ],
    [
      ['find', '--message-id', '<4bXk3T1wQzz3@mail.example.org>'],
      (v: { found: unknown[] }) => v.found.length,
      1,
    ],
    [['find', '185.220.101.44', '--limit', '2'], (v: { more: boolean }) => v.more, true],
    [['find', 'joe.weber@example.org'], (v: { guessed: unknown[] }) => v.guessed.length, 4],
    [['incidents', 'list', '--account', joe], (v: unknown[]) => v.length, 1],
    [
      ['incidents', 'show', 'i-1'],
      (v: { marks: unknown }) => v.marks,
      { thief: 3, owner: 1, unclear: 0 },
    ],
    [
      ['incidents', 'report', 'i-1', '--to', 'abuse'],
      (v: { clients: { address: string }[] }) => v.clients.map(({ address }) => address),
      ['185.220.101.44'],
    ],
    [
      ['accounts', 'show', joe],
      (v: { latest: { leaked: unknown[] } }) => v.latest.leaked.length,
      4,
    ],
    [['try', 'notice'], (v: { count: number }) => v.count, 2],
  ];
  for (const [words, pick, want] of cases) {
    test(words.join(' '), async () => {
      const { exit, out } = await asked([...words, '--json']);
      assert.equal(exit, 0);
      assert.deepEqual(pick(JSON.parse(out) as never), want);
    });
  }
});

describe('what reaches the admin', () => {
  const until = '2099-01-31';
  const cases: readonly (readonly [readonly string[], string])[] = [
    [
      ['accounts', 'suspend', joe, '--note', 'owner called'],
      `suspend ${joe} by ${who} note owner called`,
    ],
    [['accounts', 'release', joe, '--hijacked'], `release ${joe} by ${who} note keep held `],
    [['accounts', 'release', joe, '--false-alarm'], `release ${joe} by ${who} note false alarm `],
    [['accounts', 'release', joe, '--keep-held'], `release ${joe} by ${who} note keep held `],
    [
      ['accounts', 'allow', joe, '--until', until, '--note', 'n'],
      `allow ${joe} until ${Date.parse(`${until}T23:59:59Z`)} by ${who} note n`,
    ],
    [
      ['held', 'release', '4bXm2R7hQzz2', '4bXm3R7hQzz3'],
      `released 4bXm2R7hQzz2,4bXm3R7hQzz3 by ${who}`,
    ],
    [['held', 'release', '--account', joe], `released ${joe} by ${who}`],
    [['held', 'drop', '4bXm2R7hQzz2', '--yes'], `dropped 4bXm2R7hQzz2 by ${who}`],
  ];
  for (const [words, want] of cases) {
    test(words.join(' '), async () => {
      const { exit, out, calls, err } = await asked(words);
      assert.deepEqual([exit, err], [0, '']);
      assert.deepEqual(calls, [want]);
      assert.match(out, /\S\n$/);
    });
  }

  test('what the admin could not do is said, with exit 1', async () => {
    const ran = await asked(['accounts', 'release', 'nobody', '--hijacked']);
    assert.equal(ran.exit, 1);
    assert.equal(ran.err, 'postern: no account nobody\npostern: see postern accounts list\n');
  });
});

describe('how a command ends', () => {
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['nonsense'], 64, /^postern: unknown command 'nonsense'\n/],
    [['status', '--jsn'], 64, /^postern: unknown option '--jsn'\n\(Did you mean --json\?\)\n/],
    [['held', 'lsit'], 64, /^postern: unknown command 'lsit'\n\(Did you mean list\?\)\n/],
    [['explain'], 64, /^postern: missing required argument 'id'\n/],
    [['accounts', 'list', '--only', 'gone'], 64, /suspended, watched or clear/],
    [['accounts', 'list', '--limit', '0'], 64, /a whole number from 1 to 1000/],
    [
      ['accounts', 'list', '--exempt', '--only', 'clear'],
      64,
      /--exempt and --only cannot be combined/,
    ],
    [['accounts', 'allow', joe], 64, /required option '--until <when>' not specified/],
    [['accounts', 'allow', joe, '--until', 'soon'], 64, /a duration \(30d\), a date/],
    [['accounts', 'allow', joe, '--until', '2020-01-01'], 64, /is in the past/],
    [['accounts', 'suspend', joe, '--note', 'x'.repeat(501)], 64, /at most 500 characters/],
    [['accounts', 'release', joe, '--keep-held', '--false-alarm'], 64, /cannot be used with/],
    [['accounts', 'release', joe, '--hijacked', '--false-alarm'], 64, /cannot be used with/],
    [['held', 'list', '--was', 'lost'], 64, /held, released, dropped, gone/],
    [['held', 'show', '../x'], 64, /not a queue id/],
    [['held', 'release'], 64, /^postern: give either queue ids or --account NAME\n/],
    [['held', 'release', '4bXm2R7hQzz2', '--account', joe], 64, /give either/],
    [['find'], 64, /say what to find/],
    [['find', 'x', '--since', 'soon'], 64, /a duration \(2h, 3d\)/],
    [['incidents', 'show'], 64, /missing required argument 'id'/],
    [['incidents', 'show', 'i-1', '--csv', '--json'], 64, /cannot be used with/],
    [['incidents', 'report', 'i-1', '--to', 'nobody'], 64, /Allowed choices/],
    [['try', 'hijack', '--account', joe], 64, /a real account would really be suspended/],
    [['try', 'hijack', '--rate', 'fast'], 64, /a rate from 0.1\/s/],
  ];
  for (const [words, exit, line] of cases) {
    test(words.join(' ').slice(0, 60), async () => {
      const ran = await postern(...words);
      assert.equal(ran.exit, exit);
      assert.match(ran.err, line);
      const lines = ran.err.trimEnd().split('\n');
      assert.match(lines.pop() ?? '', /^postern: .*postern .*--help/);
      assert.ok(lines.length <= 2, 'one clear line, perhaps with a guess');
      assert.equal(ran.out === '', !words.includes('--json'));
    });
  }

  test('nothing is found: 1, with what was searched and what is not kept', async () => {
    const { exit, out, err } = await asked(['find', 'holiday pictures']);
    assert.equal(exit, 1);
    assert.match(
      out,
      /^Searched “holiday pictures” as subject\.\nLooked through the mail of \d day/,
    );
    assert.match(out, /only while they are kept in clear text/);
    assert.equal(err, 'postern: no message was found\n');
    const json = await asked(['find', '--to', 'nobody@x.example', '--json']);
    assert.deepEqual([json.exit, (JSON.parse(json.out) as { found: [] }).found], [1, []]);
  });

  test('dropping wants a yes where nobody can be asked', async () => {
    const { exit, err, calls } = await asked(['held', 'drop', '4bXm2R7hQzz2']);
    assert.deepEqual([exit, calls], [64, []]);
    assert.match(err, /give --yes/);
  });

  test('no guard, and no ledger: 69 and how to start one', async () => {
    await using state = await stateFolder();
    for (const words of [['status'], ['accounts', 'list'], ['try', 'hijack'], ['held', 'list']]) {
      const folder = words[1] === 'list' ? `${state.path}/` : state.path;
      const ran = await postern(...words, '--state', folder);
      assert.equal(ran.exit, 69, words.join(' '));
      assert.match(ran.err, /no Postern runs here.*\npostern: start it: postern up/);
    }
  });

  test('a wrong token is not allowed: 77', async () => {
    await using at = await stage('quiet');
    const doors = { milter: 'inet:127.0.0.1:9', policy: 'inet:127.0.0.1:9', http: at.door.address };
    await using state = await stateFolder({ doors, token: 'x'.repeat(24) });
    const ran = await postern('status', '--state', state.path);
    assert.equal(ran.exit, 77);
    assert.match(ran.err, /the token is wrong/);
  });
});

test('without a guard its ledger is read, and that is said', async () => {
  await using state = await stateFolder();
  const ledger = openLedger(join(state.path, 'ledger.db'));
  const profile = encodeProfile(newProfile(time(1_000)));
  // As Postern 0.1 stored reasons: with their text.
  const older = { signal: 'strangers', text: '5 people', saw: 5, usual: 0.5, weight: 1.25 };
  const rows = [
    { kind: 'held', row: heldRow() },
    { kind: 'story', row: storyRow() },
    { kind: 'story', row: storyRow({ id: '4ZStory2', at: time(1_000), reasons: [older] }) },
  ] as const;
  const exempt = { kind: 'exemption', row: exemptionRow({ until: time(4e12) }) } as const;
  ledger.write([accountOf(stored, { state: 'suspended', profile }), ...rows, exempt], {
    durable: true,
  });
  ledger.close();
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['accounts', 'list'], /^joe@example\.org +suspended/m],
    [['accounts', 'list', '--exempt'], /^joe@example\.org +2096-/m],
    [
      ['accounts', 'show', 'joe@example.org'],
      /would have been held, 5 recipients: 5 new recipients in 30/,
    ],
    [['held', 'list'], /^4ZHeld1 +joe@example\.org/m],
    [['held', 'show', '4ZHeld1'], /pulled back from the queue when its account was suspended/],
    [
      ['explain', '4ZStory1'],
      /5 new recipients in 30 minutes .*; normal for this account: fewer than 1 \(1\.25\)/,
    ],
    [['explain', '4ZStory2'], /5 people \(1\.25\)/],
  ];
  for (const [words, told] of cases) {
    const ran = await postern(...words, '--state', `${state.path}/`);
    assert.equal(ran.exit, 0, ran.err);
    assert.match(ran.err, /^postern: the guard is not running; this comes from its ledger/);
    assert.match(ran.out, told);
  }
  const unknown = await postern('accounts', 'show', 'nobody', '--state', state.path);
  assert.equal(unknown.exit, 67);
  assert.equal((await postern('status', '--state', state.path)).exit, 69, 'status needs the guard');
});

describe('doctor', () => {
  const words = ['doctor', '--config', '/dev/null'];

  test('names a check neutrally, says how it is, what is wanted, and how to fix it', async () => {
    const { exit, out } = await asked(words);
    assert.equal(exit, 0, 'a failed check sets the exit code of the process alone');
    assert.match(out, /^ok {6}Guard: running, version /m);
    assert.match(out, /^ok {6}Ledger: writable, /m);
    assert.match(
      out,
      /^FAIL {4}Notices: no channel is configured\n {10}wanted: .*\n {10}fix: set /m,
    );
    assert.match(out, /\n\n\d+ checks: \d+ fail, \d+ warn, \d+ unknown\n$/);
    process.exitCode = undefined;
  });

  test('--json has the fix of each finding under its old name too', async () => {
    const { out } = await asked([...words, '--json']);
    const { findings } = JSON.parse(out) as { findings: readonly Record<string, string>[] };
    const notices = findings.find(({ id }) => id === 'notices');
    assert.match(notices?.['fix'] ?? '', /notices\.webhook/);
    assert.equal(notices?.['mend'], notices?.['fix']);
    process.exitCode = undefined;
  });
});

describe('config', () => {
  test('check names each fault on a line of its own, with exit 78', async () => {
    await using state = await stateFolder();
    const file = join(state.path, 'postern.toml');
    await writeFile(file, 'mode = "watch"\nspeed = 1\n[doors]\nmilter = "9900"\n');
    const ran = await postern('config', 'check', file);
    assert.equal(ran.exit, 78);
    const lines = ran.err.trimEnd().split('\n');
    assert.ok(
      lines.every((line) => line.startsWith('postern: ')),
      ran.err,
    );
    for (const what of [/mode:/, /unknown setting speed/, /doors\.milter: must be auto,/]) {
      assert.equal(lines.filter((line) => what.test(line)).length, 1, `${what} in ${ran.err}`);
    }
  });

  test('an old name is read; check and show warn with a line, show has the new name', async () => {
    await using state = await stateFolder();
    const file = join(state.path, 'postern.toml');
    await writeFile(file, '[ledger]\nwhen_failing = "delay"\n');
    const warning =
      `postern: ${file}: ledger.when_failing = "delay" is now called "tempfail"; ` +
      'the next version will not read the old name\n';
    const checked = await postern('config', 'check', file);
    assert.deepEqual([checked.exit, checked.err], [0, warning]);
    const shown = await postern('config', 'show', file);
    assert.equal(shown.err, warning);
    assert.match(shown.out, /^ledger\.when_failing +\S+ +"tempfail"/m);
    assert.match((await postern('config', 'defaults')).out, /^when_failing = "answer"$/m);
  });

  test('check and show read what defaults prints; show says where values come from', async () => {
    await using state = await stateFolder();
    const file = join(state.path, 'postern.toml');
    await writeFile(file, (await postern('config', 'defaults')).out);
    const checked = await postern('config', 'check', file);
    assert.deepEqual([checked.exit, checked.err], [0, '']);
    await writeFile(file, 'contact = "Ada, phone 12"\n');
    const shown = await postern('config', 'show', file, '--json');
    const values = JSON.parse(shown.out) as Record<string, { value: unknown; from: string }>;
    assert.deepEqual(values['contact'], { value: 'Ada, phone 12', from: file });
    assert.deepEqual(values['mode'], { value: 'guard', from: 'default' });
    assert.match((await postern('config', 'show', file)).out, /^mode +default +"guard"$/m);
  });
});
