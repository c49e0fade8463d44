/**
 * The policy door with a million entries of its greylist, compared with Debian's postgrey with as
 * many in the same run: recipients of strangers are asked about over several connections, half of
 * them known to the greylist and half new. Postern asks a name server on this machine; postgrey
 * asks none.
 *
 *   node bench/inbound-policy.ts [--entries N] [--requests N] [--connections N] [--json]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { clientNetworkOf } from '../src/core/inbound/greylist/names.ts';
import { openLedger } from '../src/ledger/sqlite/open.ts';
import { hash53 } from '../src/lib/hash.ts';
import type { Millis } from '../src/lib/time.ts';
import type { Change } from '../src/ports/ledger.ts';
import { openScriptedDns } from '../test/doubles/dns-server.ts';
import { inet, startGuard } from '../test/integration/guard-instance.ts';
import { type Goal, goalLines, machineLoad, quantile, rssMbOf, shown, table } from './figures.ts';
import { startPostgrey } from './postgrey.ts';

type Measured = {
  readonly name: string;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Memory of its own; and with the pages of programs and files, which others may share. */
  readonly own: number;
  readonly megabytes: number;
};

type Size = {
  readonly entries: number;
  readonly requests: number;
  readonly connections: number;
};
type InboundPolicyOptions = Size & { readonly say: (text: string) => void };
type Figures = {
  readonly of: Size;
  readonly ours: Measured;
  readonly theirs: Measured;
  readonly load: number;
  readonly goals: readonly Goal[];
};

const seed = 1;

/** The n-th triplet that both greylists know; beyond `entries`, one that none knows. */
function triplet(nth: number): { client: string; sender: string; recipient: string } {
  const client = `${11 + (nth % 200)}.${(nth >> 8) % 256}.${(nth >> 16) % 256}.9`;
  return {
    client,
    sender: `s${nth}@d${nth % 50_000}.example`,
    recipient: `r${nth % 500}@here.test`,
  };
}

/** In the shares in which a full ledger has them; undefined: mail that was put off. */
function kindOf(nth: number): 'missed' | 'domain' | 'written-to' | undefined {
  const of = nth % 20;
  if (of === 0) return undefined;
  return of < 13 ? 'missed' : of < 18 ? 'domain' : 'written-to';
}

/** As the flow writes it. */
function fillLedger(path: string, entries: number): void {
  const ledger = openLedger(path);
  const now = Date.now() as Millis;
  let changes: Change[] = [{ kind: 'meta', key: 'seed', value: String(seed) }];
  for (let nth = 0; nth < entries; nth++) {
    const times = { firstAt: now, lastAt: now, times: 3 };
    const { client, sender, recipient } = triplet(nth);
    const network = clientNetworkOf(client);
    const kind = kindOf(nth);
    if (kind !== undefined) {
      const key = hash53(kind === 'missed' ? network : `${kind} ${nth}`, seed);
      changes.push({ kind: 'inbound-known', row: { kind, key, ...times } });
    } else {
      const key = hash53(`${network} ${sender} ${recipient}`, seed);
      const about = { client, sender, recipient, subject: '', points: 6, reasons: [], tries: 1 };
      const when = { firstAt: now, lastAt: now, until: now, returnedAt: 0 as Millis };
      changes.push({ kind: 'inbound-deferred', row: { key, isHonest: false, ...about, ...when } });
    }
    if (changes.length < 20_000) continue;
    ledger.write(changes, { durable: false });
    changes = [];
  }
  ledger.write(changes, { durable: true });
  ledger.close();
}

/** A request, as Postfix sends it at RCPT. */
function request(nth: number): string {
  const { client, sender, recipient } = triplet(nth);
  return [
    ...['request=smtpd_access_policy', 'protocol_state=RCPT', 'protocol_name=ESMTP'],
    ...[`client_address=${client}`, 'client_name=unknown', 'reverse_client_name=unknown'],
    ...['helo_name=pc.lan', `sender=${sender}`, `recipient=${recipient}`, 'recipient_count=0'],
    ...[`instance=${nth}.1`, 'queue_id=', 'size=0', '', ''],
  ].join('\n');
}

async function measured(name: string, port: number, pid: number, of: Size): Promise<Measured> {
  const many = await asked(port, of, of.connections);
  // One after the other: the time of an answer without a queue before it.
  const one = await asked(port, { ...of, requests: Math.ceil(of.requests / 10) }, 1);
  return {
    name,
    own: rssMbOf(pid, 'RssAnon'),
    megabytes: rssMbOf(pid),
    perSecond: many.perSecond,
    p50: quantile(one.took, 0.5),
    p99: quantile(one.took, 0.99),
  };
}

async function asked(
  port: number,
  of: Size,
  connections: number,
): Promise<{ readonly took: readonly number[]; readonly perSecond: number }> {
  const took: number[] = [];
  const share = Math.floor(of.requests / connections);
  const began = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async (_, line) => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      for (let nth = 0; nth < share; nth++) {
        const at = line * share + nth;
        const which =
          nth % 2 === 0 ? (at * 7_919) % of.entries : of.entries + at + connections * of.requests;
        const sent = performance.now();
        socket.write(request(which));
        let answer = '';
        while (!answer.endsWith('\n\n')) {
          const [chunk] = (await once(socket, 'data')) as [Buffer];
          answer += chunk.toString('latin1');
        }
        took.push(performance.now() - sent);
      }
      socket.destroy();
    }),
  );
  const seconds = (performance.now() - began) / 1_000;
  return { took, perSecond: took.length / seconds };
}

async function postern(of: Size): Promise<Measured> {
  const state = mkdtempSync(join(tmpdir(), 'pbi-'));
  try {
    fillLedger(join(state, 'ledger.db'), of.entries);
    await using dns = await openScriptedDns([]);
    await using guard = await startGuard({
      state,
      config: `
mode = "guard"
host = "mx.test"
[accounts]
local_domains = ["here.test"]
[dns]
servers = ["127.0.0.1:${dns.server.port}"]
[verify]
enabled = true
[inbound]
stance = "defer"
defer_at = "rcpt"
[mail_log]
source = "off"
[log]
level = "error"
`,
    });
    return await measured('postern', inet(guard.doors.policy).port, guard.pid, of);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

/** Fills postgrey's database as postgrey itself keeps it. */
const fillPostgrey = `
use BerkeleyDB;
my ($dir) = @ARGV;
my $env = BerkeleyDB::Env->new(-Home => $dir,
  -Flags => DB_CREATE|DB_RECOVER|DB_INIT_TXN|DB_INIT_MPOOL|DB_INIT_LOG) or die;
my %db;
tie(%db, 'BerkeleyDB::Btree', -Filename => 'postgrey.db', -Flags => DB_CREATE, -Env => $env)
  or die "$!";
my $now = time;
while (<STDIN>) { chomp; $db{$_} = ($now - 400) . ",$now"; }
`;

async function postgrey(of: Size): Promise<Measured> {
  await using server = await startPostgrey((folder) => filledPostgrey(folder, of.entries));
  return await measured('postgrey', server.port, server.pid, of);
}

async function filledPostgrey(folder: string, entries: number): Promise<void> {
  const fill = spawn('perl', ['-e', fillPostgrey, folder], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  for (let nth = 0; nth < entries; nth++) {
    const { client, sender, recipient } = triplet(nth);
    const network = `${client.slice(0, client.lastIndexOf('.'))}.0`;
    const line = `${network}/${sender.replace(/\d+/g, '#')}/${recipient}\n`;
    if (!fill.stdin.write(line)) await once(fill.stdin, 'drain');
  }
  fill.stdin.end();
  await once(fill, 'close');
}

export async function benchInboundPolicy(options: InboundPolicyOptions): Promise<Figures> {
  const { say, ...of } = options;
  say(`inbound-policy: postgrey with ${of.entries} entries`);
  const theirs = await postgrey(of);
  say(`inbound-policy: Postern with ${of.entries} entries`);
  const ours = await postern(of);
  const goals: readonly Goal[] = [
    {
      what: 'strangers: requests a second, by postgrey',
      value: ours.perSecond / theirs.perSecond,
      unit: 'x',
      least: 1,
    },
    { what: 'strangers: p99 of an answer', value: ours.p99, unit: 'ms', most: 5 },
    { what: 'strangers: memory', value: ours.megabytes, unit: 'MB', most: 200 },
  ];
  return { of, ours, theirs, goals, load: machineLoad() };
}

export function inboundPolicyTable({ of, ours, theirs, load }: Figures): string {
  const size = `${of.entries} entries, ${of.connections} connections`;
  const rows = [ours, theirs].map((one) => [
    one.name,
    ...[one.perSecond, one.p50, one.p99, one.own, one.megabytes].map(shown),
  ]);
  const head = [size, 'a second', 'p50 ms', 'p99 ms', 'MB of its own', 'MB in all'];
  return `${table([head, ...rows])}\nload ${shown(load)}`;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      entries: { type: 'string', default: '1000000' },
      requests: { type: 'string', default: '20000' },
      connections: { type: 'string', default: '10' },
      json: { type: 'boolean', default: false },
    },
  });
  const figures = await benchInboundPolicy({
    entries: Number(values.entries),
    requests: Number(values.requests),
    connections: Number(values.connections),
    say: (text) => process.stderr.write(`${text}\n`),
  });
  if (values.json) console.log(JSON.stringify(figures));
  else console.log(`${inboundPolicyTable(figures)}\n\n${goalLines(figures.goals)}`);
}
