/**
 * Who may speak to the milter door: a real Postfix beside other users of the machine, who speak the
 * protocol well, connect thousands of times, or hold what they got. The permissions of the Unix
 * socket let all of them in, so that only the check of the peer keeps them out.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { openMilter } from '../../src/doors/milter/server.ts';
import type { ListenAddress, Listener } from '../../src/lib/listener.ts';
import type { Millis } from '../../src/lib/time.ts';
import { openPeerCheck } from '../../src/partners/kernel/peer-check.ts';
import { openSocketOwners } from '../../src/partners/kernel/socket-owner.ts';
import { plainPath } from '../doubles/path.ts';
import { pass, RecordingGate } from '../mta/script.ts';
import { eventually, freePort } from './leash.ts';
import { type PostfixInstance, startPostfix } from './postfix-instance.ts';
import { connectSmtp } from './smtp-client.ts';
import { type Sink, startSink } from './smtp-sink.ts';

const stranger = 42_002;
/** May connect, but is not the mail server. */
const gateway = 42_003;
const sessions = 2_000;

const scope = new AsyncDisposableStack();
let sink: Sink;

before(async () => {
  sink = scope.use(await startSink({ keepMessages: false }));
});
after(() => scope.disposeAsync());

const kinds = [
  ['a Unix socket in the queue directory', 'unix'],
  ['TCP', 'tcp'],
] as const;

for (const [name, kind] of kinds) {
  test(`${name}: Postfix is served, whatever other users do`, async () => {
    const gate = new RecordingGate({ submit: (_message, answer) => answer(pass) });
    const counted = new Map<string, number>();
    const troubles = new Map<string, string>();
    const count = (metric: string, by = 1, label = ''): void => {
      const key = `${metric} ${label}`;
      counted.set(key, (counted.get(key) ?? 0) + by);
    };
    const logged: string[] = [];
    const mailOwner = Number(execFileSync('id', ['-u', 'postfix'], { encoding: 'utf8' }));
    const check = openPeerCheck({
      allowedUids: () => new Set([mailOwner, gateway]),
      trustedUids: () => new Set([mailOwner]),
      isAllowedAddress: () => false,
      owners: openSocketOwners(),
      count,
      log: (_level, event) => logged.push(event),
    });
    const address = kind === 'unix' ? 'unix:postern/milter' : `inet:127.0.0.1:${await freePort()}`;
    const settings = { smtpd_milters: address, non_smtpd_milters: address };
    await using postfix = await startPostfix({ sink: sink.port, settings });
    await using door = await openMilter(placeFor(address, postfix), {
      path: plainPath(gate),
      clock: { now: () => Date.now() as Millis },
      count,
      log: (_level, event) => logged.push(event),
      admit: check.admit('milter'),
      troubles: {
        set(part, why) {
          if (why === undefined) troubles.delete(part);
          else troubles.set(part, why);
        },
      },
    });
    const mailGoes = (what: string): Promise<void> => sent(`${kind}-${what}`, postfix, gate);
    await mailGoes('quiet');

    // Whoever speaks as Postfix does is not heard.
    const said = await speaks(stranger, door);
    assert.deepEqual(said, ['closed', 'closed']);
    assert.equal(counted.get(`postern_refused_peers_total milter ${stranger}`), 2);
    assert.deepEqual(logged, ['peer.refused']);

    // Connections without end hold no place.
    const flood = asUser(stranger, crowd(door, 'again'));
    await heard(flood, `closed ${sessions}`);
    await mailGoes('flood');
    assert.deepEqual([...troubles], []);
    flood.kill('SIGKILL');

    // A user who may connect gets a quarter of the places, and the operator is told.
    const holding = asUser(gateway, crowd(door, 'once'));
    await heard(holding, `closed ${sessions - 500}`);
    await mailGoes('crowd');
    const why = `the milter door (${door.address}) is full for uid ${gateway}: 500 of `;
    assert.ok(troubles.get(`door ${door.address}`)?.startsWith(why));
    holding.kill('SIGKILL');
    await eventually('the door is free again', async () => troubles.size === 0 || undefined);
    const server = { address: '127.0.0.1', port: postfix.ports.smtp };
    assert.deepEqual(gate.submitted[0]?.message.server, server);
    assert.deepEqual(new Set(gate.submitted.map(({ by }) => by)), new Set(['client', 'local']));
  });
}

function placeFor(address: string, postfix: PostfixInstance): ListenAddress {
  if (!address.startsWith('unix:')) {
    return { host: '127.0.0.1', port: Number(address.split(':')[2]) };
  }
  const folder = join(postfix.dir, 'spool/postern');
  mkdirSync(folder, { mode: 0o755 });
  return { path: join(folder, 'milter'), mode: 0o666 };
}

/** Mail by SMTP and by sendmail(1) is taken, and each message is judged. */
async function sent(id: string, postfix: PostfixInstance, gate: RecordingGate): Promise<void> {
  const judged = gate.submitted.length;
  for (let index = 0; index < 5; index++) {
    await using client = await connectSmtp(postfix.ports.smtp);
    const to = ['ann@world.test'];
    const { reply } = await client.send({ from: 'joe@mail.test', to, id: `${id}-${index}` });
    assert.equal(reply.code, 250, reply.text);
  }
  const local = `${id}-local`;
  await postfix.sendmail({ from: 'joe@mail.test', to: ['ann@world.test'], id: local });
  await sink.until(() => sink.deliveries.some((one) => one.id === local), local);
  assert.equal(gate.submitted.length, judged + 6);
}

/** A program of a user of this machine. It writes a line for each thing that happened. */
function asUser(uid: number, program: string): ChildProcess {
  const code = `process.setgroups([]); process.setgid(${uid}); process.setuid(${uid});\n${program}`;
  return scope.adopt(
    spawn(process.execPath, ['--no-warnings', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
    (child) => void child.kill('SIGKILL'),
  );
}

const placeOf = ({ address }: Listener): string =>
  JSON.stringify(
    address.startsWith('unix:')
      ? { path: address.slice(5) }
      : { host: '127.0.0.1', port: Number(address.split(':')[2]) },
  );

/** Makes all sessions at once; `again`: each closed one is begun anew, until the program ends. */
function crowd(door: Listener, how: 'once' | 'again'): string {
  return `
    const { connect } = require('node:net');
    let [begun, closed] = [0, 0];
    const begin = () => {
      begun++;
      const socket = connect(${placeOf(door)});
      socket.on('error', () => {});
      socket.on('close', () => {
        closed++;
        console.log('closed ' + closed);
        if (${how === 'again'} || begun < ${sessions}) setTimeout(begin, 1);
      });
      socket.on('connect', () => {
        if (${how === 'once'} && begun < ${sessions}) begin();
      });
    };
    for (let index = 0; index < ${how === 'again' ? 100 : 1}; index++) begin();`;
}

async function heard(child: ChildProcess, line: string): Promise<void> {
  let text = '';
  const output = child.stdout ?? assert.fail();
  while (!text.includes(`${line}\n`)) {
    const [chunk] = (await once(output, 'data')) as [Buffer];
    text += chunk.toString();
  }
  output.resume();
}

/** Two messages in another's name, each to 100 recipients; answers with how each session ended. */
async function speaks(uid: number, door: Listener): Promise<readonly string[]> {
  const module = resolve(import.meta.dirname, '../../src/partners/milter/client.ts');
  const client = `
    import { openMilterClient } from ${JSON.stringify(module)};
    process.setgroups([]); process.setgid(${uid}); process.setuid(${uid});
    const recipients = Array.from({ length: 100 }, (_, index) => 'v' + index + '@world.test');
    for (const queueId of ['AAAA1', 'AAAA2']) {
      const message = { sender: 'ceo@mail.test', recipients, login: 'boss@mail.test', queueId,
        headers: [['From', 'The CEO <ceo@mail.test>']], body: Buffer.from('Pay now.') };
      try {
        const client = await openMilterClient(${placeOf(door)});
        const outcome = await client.send(message);
        console.log(outcome.kind);
      } catch {
        console.log('closed');
      }
    }
    process.exit();`;
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', client], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await once(child, 'close');
  return said.trim().split('\n');
}
