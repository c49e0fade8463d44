/**
 * What a connection is made to: the guard's doors for one instance of Postfix, what must be made
 * for them on the machine, and the wait until the guard answers there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { socketsOf } from '../../core/checklist/doors.ts';
import {
  type ConnectedInstance,
  type ConnectedPostfix,
  lookEveryMs,
} from '../../daemon/base/connected.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { neededApi, neededDoor, type RunFile, readRunFile } from '../guard/run-file.ts';
import {
  type DoorWork,
  doorsFor,
  folderWork,
  type Instance,
  instanceOf,
  queueDoors,
  queueMustBeSafe,
  removeFolder,
} from './postfix-doors.ts';
import { tellGuard } from './postfix-facts.ts';
import type { ConnectDoors } from './postfix-plan.ts';
import { doorAnswers } from './postfix-proof.ts';
import { isInstalledSocket, removeSocket, runsAsService, socketWork } from './postfix-sockets.ts';

export type ConnectTarget = {
  readonly instance: Instance;
  readonly doors: ConnectDoors;
  readonly work: DoorWork;
  /** Undefined where the operator names the doors; nothing is proved then. */
  readonly live?: RunFile;
};

export type TargetOptions = {
  readonly milter?: string;
  readonly policy?: string;
  readonly dryRun?: boolean;
  readonly verify?: boolean;
};

/** How long the guard gets to open its sockets; it looks each second, and may restart first. */
const openWaitMs = 30_000;
const nothing: DoorWork = {
  steps: [],
  make: async () => undefined,
  takeBack: async () => undefined,
};

/** Throws if the guard does not run, or if an address of the operator's own does not answer. */
export async function targetOf(
  options: TargetOptions,
  at: { readonly state: string; readonly configDirectory: string },
): Promise<ConnectTarget> {
  const { milter, policy } = options;
  const instance = await instanceOf(at.configDirectory);
  if (milter !== undefined && policy !== undefined) {
    return { instance, doors: { milter, inbound: milter, policy }, work: nothing };
  }
  const live = await readRunFile(at.state);
  neededDoor(live, 'milter');
  // The guard reports over it which mail it has seen.
  if (options.verify !== false && options.dryRun !== true) neededApi(live);
  const doors = doorsFor(live);
  const inQueue = queueDoors(doors);
  for (const name of ['milter', 'policy'] as const) {
    if (doors[name] !== 'off' && !inQueue.includes(name)) await doorAnswers(doors[name]);
  }
  if (inQueue.length === 0) return { instance, doors, work: nothing, live };
  await queueMustBeSafe(instance);
  const byService = await runsAsService(live.pid);
  const work = byService ? await socketWork(instance) : await folderWork(instance, at.state);
  return { instance, doors, work, live };
}

/** What the guard is told about the instance; nothing is proved yet. */
export function connectedInstance(
  { instance, doors }: ConnectTarget,
  facts: Pick<
    ConnectedInstance,
    'localDomains' | 'clientNetworks' | 'transports' | 'filterUsers' | 'logins'
  >,
): ConnectedInstance {
  const { configDirectory, queueDirectory, owner } = instance;
  return { configDirectory, queueDirectory, mailOwner: owner.uid, ...facts, doors, proved: false };
}

/** True if a message has come through just these doors. */
export function isProved(known: ConnectedPostfix | undefined, target: ConnectTarget): boolean {
  const { configDirectory } = target.instance;
  const found = known?.instances?.find((one) => one.configDirectory === configDirectory);
  const { milter, inbound, policy } = target.doors;
  const same = (['milter', 'inbound', 'policy'] as const).every(
    (name) => found?.doors[name] === { milter, inbound, policy }[name],
  );
  return same && found?.proved === true;
}

/** Answers with the run file of the guard when it answers at each door of this instance. */
export async function openTargetDoors(
  target: ConnectTarget,
  how: {
    readonly state: string;
    readonly about: ConnectedInstance;
    readonly known: ConnectedPostfix | undefined;
  },
): Promise<RunFile | undefined> {
  if (target.work.steps.length > 0) await target.work.make();
  await tellGuard(how.state, how.about);
  if (target.live === undefined) return undefined;
  const { uid, name } = target.instance.owner;
  const isKnown = how.known?.instances?.some(({ mailOwner }) => mailOwner === uid) === true;
  // The guard lets this user in when it has read the file.
  if (!isKnown && name !== 'postfix') await sleep(2 * lookEveryMs);
  return answering(target, how.state);
}

async function answering(target: ConnectTarget, state: string): Promise<RunFile> {
  const inQueue = queueDoors(target.doors);
  const sockets = socketsOf(target.instance.queueDirectory);
  const deadline = Date.now() + openWaitMs;
  while (true) {
    const live = await readRunFile(state).catch(() => undefined);
    const open = live?.doors.all;
    if (live !== undefined && inQueue.every((name) => open?.[name].includes(sockets[name]))) {
      for (const name of inQueue) await doorAnswers(sockets[name]);
      return live;
    }
    if (Date.now() > deadline) {
      throw new OperatorError('door-shut', `the guard did not open ${sockets.milter}`, {
        hint: "look at the guard's log: postern status",
        exit: sysexits.unavailable,
      });
    }
    await sleep(100);
  }
}

/** Removes the sockets of an instance that is not connected any more. */
export async function removeDoors(configDirectory: string): Promise<void> {
  // Without its user or its queue there are no sockets either.
  const instance = await instanceOf(configDirectory).catch(() => undefined);
  if (instance === undefined) return;
  // systemd goes on to hold them, for the next connection of this instance.
  if (await isInstalledSocket(instance)) return;
  await removeSocket(instance);
  await removeFolder(`${instance.queueDirectory}/postern`);
}
