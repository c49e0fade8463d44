/** `postern listed` with a real BIND that has the zones of lists. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { postern, type Ran } from '../command-line.ts';
import { type NamedInstance, startNamed, updateServer } from './named-instance.ts';

/** The command in this process. A problem that it reports is in the exit code of the process. */
async function run(...words: readonly string[]): Promise<Ran> {
  const ran = await postern('listed', '--config', config, '--state', dir, ...words);
  const exit = ran.exit === 0 ? Number(process.exitCode ?? 0) : ran.exit;
  process.exitCode = 0;
  return { ...ran, exit };
}

const head = (zone: string): string =>
  `$ORIGIN ${zone}.\n$TTL 60\n@ IN SOA ns.${zone}. root.${zone}. 1 3600 600 86400 60\n` +
  '@ IN NS ns\nns IN A 127.0.0.1\n';

let dir: string;
let named: NamedInstance;
let config: string;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pli-'));
  named = await startNamed({
    zones: {
      'zen.spamhaus.org':
        `${head('zen.spamhaus.org')}2.0.0.127 IN A 127.0.0.2\n` +
        '25.2.0.192 IN A 127.0.0.3\n25.2.0.192 IN A 127.0.0.11\n' +
        '25.2.0.192 IN TXT "https://check.spamhaus.org/sbl/query/SBLCSS"\n',
      'bl.spamcop.net': `${head('bl.spamcop.net')}2.0.0.127 IN A 127.0.0.2\n`,
      // As for an open resolver, whatever is asked.
      'psbl.surriel.com': `${head('psbl.surriel.com')}* IN A 127.255.255.254\n`,
      'dbl.spamhaus.org':
        `${head('dbl.spamhaus.org')}dbltest.com IN A 127.0.1.2\n` +
        'bad.example IN A 127.0.1.102\n',
    },
  });
  config = join(dir, 'postern.toml');
  writeFileSync(config, configuration(''));
});
after(async () => {
  await named?.[Symbol.asyncDispose]();
  if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
});

function configuration(more: string): string {
  return (
    `[dns]\nservers = ["${updateServer(named)}"]\ntimeout = "10s"\n` +
    `[identity]\naddresses = ["192.0.2.77"]\n[listed]\ndomains = ["good.example"]\n${more}`
  );
}

type Row = {
  readonly subject: string;
  readonly list: string;
  readonly state: string;
  readonly codes?: readonly string[];
  readonly why?: string;
};

async function rowsOf(
  ...words: readonly string[]
): Promise<{ exit: number; rows: readonly Row[] }> {
  const ran = await run('--json', ...words);
  return { exit: ran.exit, rows: (JSON.parse(ran.out) as { rows: readonly Row[] }).rows };
}

test('listed: exit 1, every code explained, the list that refuses is unknown', async () => {
  const { exit, rows } = await rowsOf('192.0.2.25', 'bad.example');
  assert.equal(exit, 1);
  const by = new Map(rows.map((row) => [`${row.subject} ${row.list}`, row]));
  assert.deepEqual(by.get('192.0.2.25 zen.spamhaus.org')?.codes?.toSorted(), [
    '127.0.0.11',
    '127.0.0.3',
  ]);
  assert.equal(by.get('192.0.2.25 bl.spamcop.net')?.state, 'clean');
  assert.equal(by.get('192.0.2.25 psbl.surriel.com')?.state, 'unknown');
  // This BIND has no such zone and asks nobody.
  assert.equal(by.get('192.0.2.25 b.barracudacentral.org')?.state, 'unknown');
  assert.equal(by.get('bad.example dbl.spamhaus.org')?.state, 'listed');

  const text = await run('192.0.2.25');
  assert.equal(text.exit, 1);
  assert.match(text.out, /LISTED {2}zen\.spamhaus\.org \(127\.0\.0\.\d+, 127\.0\.0\.\d+\)/);
  assert.match(text.out, /CSS: bulk mail[\s\S]*removal: https:\/\/check\.spamhaus\.org/);
  assert.match(text.out, /reason: https:\/\/check\.spamhaus\.org\/sbl\/query\/SBLCSS/);
  assert.match(text.out, /psbl\.surriel\.com: the list does not answer us \(127\.255\.255\.254\)/);
});

test('the addresses and domains of this server are found, and clean is exit 0', async () => {
  const { exit, rows } = await rowsOf();
  assert.equal(exit, 0);
  assert.deepEqual(
    [...new Set(rows.map(({ subject }) => subject))],
    ['192.0.2.77', 'good.example'],
  );
});

test('no list that answers: exit 69; other text than an address: exit 64', async () => {
  writeFileSync(config, configuration('lists = ["silent.example.net"]\n'));
  const { exit, rows } = await rowsOf('192.0.2.25');
  assert.equal(exit, 69);
  assert.deepEqual(
    rows.map(({ state }) => state),
    ['unknown'],
  );
  const ran = await run('no address');
  assert.equal(ran.exit, 64);
  assert.match(ran.err, /must be an IP address or a domain/);
});

test('where no list may be asked, none is', async () => {
  writeFileSync(config, configuration('lists = ["none"]\n'));
  const ran = await run('192.0.2.25');
  assert.equal(ran.exit, 78);
  assert.match(ran.err, /no blocklist may be asked/);
});
