/** Which listeners open, stay and go, while postfix.json and main.cf change. Files are real. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { parseConfig } from '../../config/load.ts';
import { oldAddresses, socketsOf } from '../../core/checklist/doors.ts';
import type { listen } from '../../lib/listen.ts';
import { type Listener, openListener } from '../../lib/listener.ts';
import { connectedFile, openConnected } from '../base/connected.ts';
import type { DoorOptions } from '../base/options.ts';
import { openPostfixDoors, type PostfixDoors, type PostfixDoorsDeps } from './postfix-doors.ts';

let open: PostfixDoors | undefined;
let root: string;
let state: string;
let queue: string;
let etc: string;
let logged: string[];
let troubles: Map<string, string>;
/** Times on files go up, whatever the clock says. */
let stamp: number;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ppd-'));
  [state, queue, etc] = ['state', 'spool', 'etc'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [state, join(queue, 'postern'), etc]) mkdirSync(folder, { recursive: true });
  [logged, troubles, stamp] = [[], new Map(), 1_000_000];
});
afterEach(async () => {
  await open?.close();
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, text: string): void {
  writeFileSync(path, text);
  stamp += 10;
  utimesSync(path, stamp, stamp);
}

function mainCf(milter: string, policy: string): void {
  const lines = [
    `queue_directory = ${queue}`,
    `postern_milter = { ${milter}, default_action=tempfail }`,
    `postern_policy = check_policy_service { ${policy}, timeout=10s }`,
  ];
  write(join(etc, 'main.cf'), lines.join('\n'));
}

function connectedAs(proved: boolean): void {
  const about = { configDirectory: etc, localDomains: [], clientNetworks: [] };
  const doors = {
    milter: 'unix:postern/milter',
    inbound: 'unix:postern/inbound',
    policy: 'unix:postern/policy',
  };
  const instance = { ...about, queueDirectory: queue, mailOwner: 1, doors, proved };
  write(join(state, connectedFile), JSON.stringify({ ...about, instances: [instance] }));
}

/** Doors whose TCP ports are none: other programs on this machine may use them. */
async function doorsFor(
  installed: boolean,
  more: Partial<Pick<PostfixDoorsDeps, 'open'>> & {
    readonly config?: string;
    readonly activated?: DoorOptions['activated'];
  } = {},
): Promise<PostfixDoors> {
  const { config } = parseConfig(more.config ?? '', 'test');
  const activated = more.activated ?? [];
  open = await openPostfixDoors({
    settings: config.doors,
    options: { installed, ownUser: false, activated, changed: () => undefined },
    movable: false,
    state,
    log: (_level, event) => void logged.push(event),
    troubles: {
      set: (part, why) =>
        void (why === undefined ? troubles.delete(part) : troubles.set(part, why)),
      all: () => [...troubles.values()],
    },
    connected: openConnected(
      join(state, connectedFile),
      () => undefined,
      () => undefined,
    ),
    configDirectory: etc,
    open: more.open ?? (async (_name, where) => ('port' in where ? quiet(where) : plain(where))),
    changed: () => undefined,
  });
  return open;
}

const limits = { connectionsMax: 10, firstMs: 9e6, partialMs: 9e6, idleMs: 9e6, drainMs: 100 };
const plain = (where: Parameters<typeof listen>[1]): Promise<Listener> =>
  openListener(where, limits, {
    open: () => ({
      take: () => {},
      state: () => 'idle',
      requests: () => 0,
      tick: () => {},
      gone: () => {},
    }),
    fault: () => undefined,
  });
const quiet = (where: { readonly host: string; readonly port: number }): Listener => ({
  address: `inet:${where.host}:${where.port}`,
  connections: 0,
  retire: () => undefined,
  close: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
});

/** Looks again until `get` answers as wanted, in tens of looks. */
async function becomes(t: TestContext, get: () => unknown, wanted: unknown): Promise<void> {
  for (let look = 0; look < 600 && !isDeepStrictEqual(get(), wanted); look++) await later(t);
  assert.deepEqual(get(), wanted);
}

/** A few looks, and time for what they begin. */
async function later(t: TestContext): Promise<void> {
  for (let look = 0; look < 3; look++) {
    t.mock.timers.tick(1_000);
    await sleep(5);
  }
}

test('an upgrade from 0.1: old addresses, then both, then sockets alone', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  mainCf(oldAddresses.milter, oldAddresses.policy);
  write(join(state, connectedFile), JSON.stringify({ configDirectory: etc, localDomains: [] }));
  const doors = await doorsFor(true);
  const sockets = socketsOf(queue);
  const old = { milter: [oldAddresses.milter], inbound: [], policy: [oldAddresses.policy] };
  assert.deepEqual(doors.places(), old);
  assert.deepEqual([logged, [...troubles]], [['door.old-address'], []]);
  connectedAs(false);
  const both = {
    milter: [sockets.milter, oldAddresses.milter],
    inbound: [sockets.inbound],
    policy: [sockets.policy, oldAddresses.policy],
  };
  await becomes(t, () => doors.places(), both);
  mainCf('unix:postern/milter', 'unix:postern/policy');
  await later(t);
  assert.deepEqual(doors.places(), both, 'nothing is proved yet');
  connectedAs(true);
  const own = { milter: [sockets.milter], inbound: [sockets.inbound], policy: [sockets.policy] };
  await becomes(t, () => doors.places(), own);
  // A file that cannot be read changes nothing.
  rmSync(join(etc, 'main.cf'));
  write(join(state, connectedFile), '{');
  await later(t);
  assert.deepEqual([doors.places(), [...troubles]], [own, []]);
});

test('main.cf asks elsewhere: told until it is right', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  connectedAs(true);
  mainCf('inet:127.0.0.1:9955', 'unix:postern/policy');
  await doorsFor(true);
  const why =
    `${etc}/main.cf asks inet:127.0.0.1:9955, where no door of this guard is; ` +
    `run: postern connect postfix --config-dir ${etc}`;
  assert.deepEqual([...troubles], [[`postfix ${etc}`, why]]);
  mainCf('unix:postern/milter', 'unix:postern/policy');
  await becomes(t, () => [...troubles], []);
});

test('sockets in the state folder without another place; a lost one is made again', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const doors = await doorsFor(true);
  const last = (name: string): readonly string[] => [`unix:${join(state, `${name}.sock`)}`];
  assert.deepEqual(doors.places(), { milter: last('milter'), inbound: [], policy: last('policy') });
  rmSync(join(queue, 'postern'), { recursive: true });
  connectedAs(true);
  const why = (): boolean =>
    /cannot listen on .*postern\/milter/.test([...troubles.values()].join());
  await becomes(t, why, true);
  assert.deepEqual(doors.places().milter, last('milter'));
  mkdirSync(join(queue, 'postern'));
  const { milter } = socketsOf(queue);
  await becomes(t, () => [doors.places().milter, [...troubles]], [[milter], []]);
  rmSync(join(queue, 'postern/milter'));
  const made = (): boolean => existsSync(join(queue, 'postern/milter'));
  await becomes(t, () => [made(), doors.places().milter, [...troubles]], [true, [milter], []]);
});

test('a guard without a configuration looks at no main.cf that nobody connected', async () => {
  mainCf('unix:postern/milter', 'unix:postern/policy');
  const doors = await doorsFor(false);
  assert.deepEqual(doors.places(), {
    milter: [oldAddresses.milter],
    inbound: [],
    policy: [oldAddresses.policy],
  });
  assert.deepEqual([logged, [...troubles]], [[], []]);
});

test('a door that cannot open at the start: those that are open are closed', async (t) => {
  const milter = join(root, 'milter');
  const config = `[doors]\nmilter = "unix:${milter}"\npolicy = "unix:${join(root, 'policy')}"\n`;
  let left: Listener | undefined;
  t.after(() => left?.close());
  const starting = doorsFor(true, {
    config,
    async open(name, where) {
      if (name === 'policy') throw new Error('taken');
      left = await plain(where);
      return left;
    },
  });
  await assert.rejects(starting, /taken/);
  assert.deepEqual([left?.address, existsSync(milter)], [`unix:${milter}`, false]);
});

test('a socket of systemd that is gone: told only while a Postfix asks there', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const address = socketsOf(queue).milter;
  const held: Listener = {
    address,
    connections: 0,
    retire: () => undefined,
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
  mainCf('unix:postern/milter', 'unix:postern/policy');
  connectedAs(true);
  await doorsFor(true, {
    activated: [{ fd: -1, address }],
    open: async (_name, where) => ('fd' in where ? held : plain(where)),
  });
  const why = `the socket ${address} is gone; run: systemctl restart postern.socket postern`;
  assert.deepEqual([...troubles.values()], [why]);
  // `connect postfix --undo` removes the unit of this instance, and so its sockets.
  write(join(etc, 'main.cf'), '');
  rmSync(join(state, connectedFile));
  await becomes(t, () => [...troubles.values()], []);
});
