/**
 * A service manager with systemd's rules for sockets, for machines where systemd does not run: it
 * reads the units in /etc/systemd/system, holds their sockets while the guard restarts, and starts
 * no socket of a service that runs. A program in place of /usr/bin/systemctl asks it; only on a
 * machine of its own (own-machine.ts).
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { GuardInstance } from './guard-instance.ts';
import { type HeldSockets, holdSockets } from './held-sockets.ts';

const unitFolder = '/etc/systemd/system';
const service = 'postern.service';

export type ServiceManager = AsyncDisposable & {
  /** The words of each call. */
  readonly calls: readonly string[];
  readonly guard: GuardInstance | undefined;
  start(unit: string): Promise<void>;
};

type Reply = { readonly code: number; readonly text: string };
const done = (text = ''): Reply => ({ code: 0, text });

/** `start` starts the guard with the sockets that the manager holds. */
export async function openServiceManager(
  start: (sockets: readonly number[]) => Promise<GuardInstance>,
): Promise<ServiceManager> {
  const calls: string[] = [];
  const held = new Map<string, HeldSockets>();
  let guard: GuardInstance | undefined;
  const startUnit = async (unit: string): Promise<void> => {
    if (unit === service) {
      guard ??= await start([...held.values()].flatMap(({ fds }) => fds));
      return;
    }
    if (held.has(unit)) return;
    if (guard !== undefined) throw new Error(`${service} already active, refusing`);
    const group = settingsOf(unit, 'SocketGroup').at(-1) ?? '';
    const gid = execFileSync('getent', ['group', group], { encoding: 'utf8' }).split(':')[2];
    held.set(unit, holdSockets(settingsOf(unit, 'ListenStream'), Number(gid)));
  };
  const stopUnit = async (unit: string): Promise<void> => {
    if (unit === service) {
      await guard?.[Symbol.asyncDispose]();
      guard = undefined;
    }
    held.get(unit)?.[Symbol.dispose]();
    if (held.delete(unit)) for (const path of settingsOf(unit, 'ListenStream')) rmSync(path);
  };
  const answer = async (words: readonly string[]): Promise<Reply> => {
    const [verb = '', ...rest] = words;
    const units = rest.filter((word) => !word.startsWith('-'));
    const [unit = ''] = units;
    if (verb === 'show' && rest.includes('--property=MainPID')) return done(`${guard?.pid ?? 0}\n`);
    if (verb === 'show') {
      const paths = existsSync(join(unitFolder, unit)) ? settingsOf(unit, 'ListenStream') : [];
      return done(paths.map((path) => `Listen=${path} (Stream)\n`).join(''));
    }
    if (verb === 'is-active') {
      const active = unit === service ? guard !== undefined : held.has(unit);
      return active ? done('active\n') : { code: 3, text: 'inactive\n' };
    }
    if (verb === 'enable') {
      const missing = units.find((one) => !existsSync(join(unitFolder, one)));
      return missing === undefined ? done() : { code: 1, text: '' };
    }
    if (verb === 'disable') for (const one of units) await stopUnit(one);
    if (verb === 'restart') {
      // Stops come before starts, and a service waits for its sockets.
      if (units.includes(service)) await stopUnit(service);
      for (const one of units) if (one !== service) await startUnit(one);
      if (units.includes(service)) await startUnit(service);
    }
    return done();
  };
  const path = '/var/lib/service-manager';
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('end', async () => {
      const words: readonly string[] = JSON.parse(text);
      calls.push(words.join(' '));
      const reply = await answer(words).catch((cause) => ({ code: 1, text: String(cause) }));
      socket.end(JSON.stringify(reply));
    });
  });
  server.listen(path);
  await once(server, 'listening');
  replaceSystemctl(path);
  return {
    calls,
    get guard() {
      return guard;
    },
    start: startUnit,
    async [Symbol.asyncDispose]() {
      for (const unit of [service, ...held.keys()]) await stopUnit(unit);
      server.close();
    },
  };
}

/** The values of a setting; an empty one takes back those before. */
function settingsOf(unit: string, name: string): readonly string[] {
  const folder = join(unitFolder, `${unit}.d`);
  const more = existsSync(folder) ? readdirSync(folder).map((file) => join(folder, file)) : [];
  const lines = [join(unitFolder, unit), ...more].flatMap((file) =>
    readFileSync(file, 'utf8').split('\n'),
  );
  const values: string[] = [];
  for (const line of lines) {
    const [key, value = ''] = line.split('=');
    if (key !== name) continue;
    if (value === '') values.length = 0;
    else values.push(value);
  }
  return values;
}

function replaceSystemctl(path: string): void {
  const program = '/var/lib/systemctl';
  const client = `
const socket = require('node:net').connect(${JSON.stringify(path)});
let text = '';
socket.on('data', (chunk) => { text += chunk; });
socket.on('end', () => {
  const { code, text: said } = JSON.parse(text);
  process.stdout.write(said);
  process.exitCode = code;
});
socket.end(JSON.stringify(process.argv.slice(2)));
`;
  writeFileSync(`${program}.cjs`, client);
  writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} ${program}.cjs "$@"\n`, {
    mode: 0o755,
  });
  execFileSync('/usr/bin/mount', ['-t', 'tmpfs', 'tmpfs', '/run/systemd']);
  mkdirSync('/run/systemd/system');
  execFileSync('/usr/bin/mount', ['--bind', program, '/usr/bin/systemctl']);
}
