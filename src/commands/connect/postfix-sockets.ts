/**
 * The socket units of systemd, which opens the doors in the queue directory of a Postfix. It holds
 * them while the guard restarts, so that no connection is refused, and it makes the folder before
 * Postfix starts. `postern install` has postern.socket for the first Postfix; each further instance
 * gets a unit of its own, so that the sockets of the others stay open.
 */
import { existsSync } from 'node:fs';
import { readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../lib/hash.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { systemctl, systemdRuns } from '../../partners/systemctl.ts';
import { type DoorWork, doorNames, type Instance } from './postfix-doors.ts';

const service = 'postern.service';
const installedSocket = 'postern.socket';
const unitFolder = '/etc/systemd/system';

/** True if the guard with this pid is the service of systemd. */
export async function runsAsService(pid: number): Promise<boolean> {
  if (!systemdRuns()) return false;
  const lines = await systemctl(['show', '--property=MainPID', '--value', service]).catch(() => []);
  return lines[0] === String(pid);
}

/** What systemd must do for this instance. */
export async function socketWork(instance: Instance): Promise<DoorWork> {
  const own = unitOf(instance);
  if (await listens(installedSocket, instance)) {
    const active = await isActive(installedSocket);
    return {
      steps: active ? [] : [`start ${installedSocket}, and restart the service`],
      async make() {
        await systemctl(['enable', installedSocket]);
        await startSocket(installedSocket);
      },
      takeBack: async () => undefined,
    };
  }
  const path = join(unitFolder, own);
  const text = socketText(instance);
  const before = await readFile(path, 'utf8').catch(() => '');
  const ready = before === text && (await isActive(own));
  return {
    steps: ready ? [] : [`write ${path} and start it, and restart the service`],
    async make() {
      await writeFile(path, text, { mode: 0o644 });
      await systemctl(['daemon-reload']);
      await systemctl(['enable', own]);
      await startSocket(own);
    },
    takeBack: () => removeSocket(instance),
  };
}

/** Removes the unit of an instance; that of `postern install` stays. */
export async function removeSocket(instance: Instance): Promise<void> {
  const own = unitOf(instance);
  const path = join(unitFolder, own);
  if (!existsSync(path)) return;
  if (systemdRuns()) await systemctl(['disable', '--now', own]);
  await rm(path);
  if (systemdRuns()) await systemctl(['daemon-reload']);
  await rmdir(join(instance.queueDirectory, 'postern')).catch(() => undefined);
}

export function unitOf({ queueDirectory }: Pick<Instance, 'queueDirectory'>): string {
  const name = queueDirectory.replace(/[^A-Za-z0-9]+/g, '-');
  // Two folders may make the same name: /srv/out, /srv-out.
  const digest = sha256(Buffer.from(queueDirectory)).toString('hex').slice(0, 8);
  return `postern-queue${name}-${digest}.socket`;
}

/** The unit of one instance. */
export function socketText({ configDirectory, queueDirectory, owner }: Instance): string {
  const listen = doorNames.map((name) => `ListenStream=${queueDirectory}/postern/${name}\n`);
  return `# Made by \`postern connect postfix\`; its --undo removes this file.
[Unit]
Description=Doors of Postern for the Postfix in ${configDirectory}

[Socket]
${listen.join('')}SocketUser=root
SocketGroup=${owner.gid}
SocketMode=0660
DirectoryMode=0755
RemoveOnStop=yes
Service=${service}

[Install]
WantedBy=sockets.target
`;
}

/**
 * systemd starts no socket of a service that runs. In one call it stops the service, starts the
 * socket, and starts the service again; the sockets that it holds already stay open meanwhile.
 */
async function startSocket(unit: string): Promise<void> {
  await systemctl(['restart', service, unit]);
  if (await isActive(unit)) return;
  throw new OperatorError('socket-unit', `${unit} did not start`, {
    hint: `look at: systemctl status ${unit}`,
    exit: sysexits.unavailable,
  });
}

/** True if the sockets of this instance belong to the unit of `postern install`, and are open. */
export async function isInstalledSocket(instance: Instance): Promise<boolean> {
  if (!systemdRuns() || !(await listens(installedSocket, instance))) return false;
  return isActive(installedSocket);
}

/** True if this unit is loaded and opens all sockets of this instance. */
async function listens(unit: string, { queueDirectory }: Instance): Promise<boolean> {
  const paths = doorNames.map((name) => `${queueDirectory}/postern/${name}`);
  const lines = await systemctl(['show', '--property=Listen', unit]);
  const open = lines.map((line) => line.replace(/^Listen\w*=/, '').replace(/ \(\w+\)$/, ''));
  return paths.every((path) => open.includes(path));
}

async function isActive(unit: string): Promise<boolean> {
  // Exit 3: the unit is not active; 4: there is no such unit.
  const [state] = await systemctl(['is-active', unit], [3, 4]);
  return state === 'active';
}
