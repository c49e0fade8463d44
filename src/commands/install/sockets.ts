/**
 * The sockets of the doors as systemd opens them (postern.socket): for a Postfix with another queue
 * folder or another group than Debian's, a drop-in says so. Removes the units of further instances
 * that `postern connect postfix` wrote.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { postconf, postconfPath } from '../../partners/postfix/postconf.ts';
import { systemctl, systemdRuns } from '../../partners/systemctl.ts';
import { doorNames, type Instance, instanceOf, removeFolder } from '../connect/postfix-doors.ts';
import type { InstallStep } from './step.ts';

export const unitFolder = '/etc/systemd/system';
const dropIn = `${unitFolder}/postern.socket.d/queue.conf`;
/** As `postern connect postfix` names them. */
const instanceUnit = /^postern-queue-[A-Za-z0-9-]+\.socket$/;
const usual = { queueDirectory: '/var/spool/postfix', owner: 'postfix' };

/** The machine's own Postfix; undefined without one. */
async function ownPostfix(): Promise<Instance | undefined> {
  if (!existsSync(postconfPath)) return undefined;
  const configDirectory = await postconf('config_directory', undefined).catch(() => undefined);
  if (configDirectory === undefined) return undefined;
  return instanceOf(configDirectory).catch(() => undefined);
}

/** True if systemd can open the sockets: their group is there. */
export async function hasPostfix(): Promise<boolean> {
  return (await ownPostfix()) !== undefined;
}

/** What the drop-in must say; empty if postern.socket is right as it is. */
export function queueDropIn({ queueDirectory, owner }: Instance): string {
  if (queueDirectory === usual.queueDirectory && owner.name === usual.owner) return '';
  const listen = doorNames.map((name) => `ListenStream=${queueDirectory}/postern/${name}\n`);
  return `# Made by \`postern install\`, for the queue_directory and mail_owner of Postfix.
[Socket]
ListenStream=
${listen.join('')}SocketGroup=${owner.gid}
`;
}

/** `changed` is called if systemd must read the sockets again. */
export function dropInStep(changed: () => void): InstallStep {
  return {
    text: `write ${dropIn}, if Postfix has another queue folder or user`,
    async run() {
      const postfix = await ownPostfix();
      const text = postfix === undefined ? '' : queueDropIn(postfix);
      const before = await readFile(dropIn, 'utf8').catch(() => '');
      if (text === before) return text === '' ? `${dropIn} is not needed` : undefined;
      changed();
      if (text === '') {
        await removeDropIn();
        return `removed ${dropIn}: it is not needed any more`;
      }
      await mkdir(dirname(dropIn), { recursive: true });
      await writeFile(dropIn, text, { mode: 0o644 });
      return undefined;
    },
  };
}

async function removeDropIn(): Promise<void> {
  await rm(dropIn, { force: true });
  await rmdir(dirname(dropIn)).catch(() => undefined);
}

/** For the undo, when no service runs any more. */
export function removeSocketsStep(): InstallStep {
  return {
    text: 'remove the sockets from the queue folder of each Postfix',
    async run() {
      const postfix = await ownPostfix();
      for (const unit of await instanceUnits()) {
        if (systemdRuns()) await systemctl(['disable', '--now', unit]);
        await rm(join(unitFolder, unit), { force: true });
      }
      await removeDropIn();
      if (postfix !== undefined) await removeFolder(join(postfix.queueDirectory, 'postern'));
      return undefined;
    },
  };
}

async function instanceUnits(): Promise<readonly string[]> {
  const names = await readdir(unitFolder).catch(() => []);
  return names.filter((name) => instanceUnit.test(name));
}
