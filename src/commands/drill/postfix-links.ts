/** Looks at Postfix before any mail of a drill is sent: its milters, and the way to the sink. */
import { lstatSync } from 'node:fs';
import { checkPostfix } from '../../core/checklist/postfix.ts';
import type { Tried } from '../../core/drill/links.ts';
import { sinkDomain } from '../../flow/drill/drill-mail.ts';
import { faultText } from '../../lib/error-text.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { guardKnows } from '../connect/postfix-facts.ts';
import { readPostfixFiles } from '../connect/postfix-files.ts';
import { placesOf } from '../doctor/doors.ts';
import type { RunFile } from '../guard/run-file.ts';
import { sinkFault } from './sink.ts';

/** The configuration folders of every Postfix that is connected to the guard. */
export async function connectedFolders(state: string): Promise<readonly string[]> {
  const known = await guardKnows(state);
  const all = known?.instances ?? (known === undefined ? [] : [known]);
  return all.map(({ configDirectory }) => configDirectory);
}

/** All smtpd services for users name a milter door of the guard, and a socket is there. */
export async function trySocket(run: RunFile, folders: readonly string[]): Promise<Tried> {
  if (folders.length === 0) {
    return { state: 'failed', saw: 'no Postfix is connected', fix: 'postern connect postfix' };
  }
  try {
    for (const folder of folders) {
      const files = await readPostfixFiles(folder);
      const queueDirectory = await postconf('queue_directory', folder);
      const wrong = checkPostfix({ ...files, doors: placesOf(run), queueDirectory }).find(
        ({ id, kind }) => kind === 'fail' && id.endsWith('.milter'),
      );
      if (wrong === undefined) continue;
      const fix = wrong.fix.startsWith('postern connect postfix')
        ? `postern connect postfix --config-dir ${folder}`
        : wrong.fix;
      return { state: 'failed', saw: `${wrong.title}: ${wrong.found}`, fix };
    }
    const doors = placesOf(run).milter;
    for (const address of doors) {
      const why = missing(address);
      if (why !== undefined) return { state: 'failed', saw: `${address}: ${why}` };
    }
    return { state: 'fine', saw: `connected at ${doors.join(', ')}` };
  } catch (error) {
    return { state: 'failed', saw: faultText(error) };
  }
}

/** No mail of the drill is sent unless this is fine. */
export async function trySink(folders: readonly string[]): Promise<Tried> {
  if (folders.length === 0) {
    const saw = 'no Postfix is connected, so it is not known where mail would go';
    return { state: 'failed', saw, fix: 'postern connect postfix' };
  }
  try {
    for (const folder of folders) {
      const why = await sinkFault(folder);
      if (why === undefined) continue;
      return { state: 'failed', saw: why, fix: `postern drill setup --config-dir ${folder}` };
    }
    return { state: 'fine', saw: `mail for ${sinkDomain} waits in the queue` };
  } catch (error) {
    return { state: 'failed', saw: faultText(error) };
  }
}

/** Undefined if the address can be connected to, as far as that is seen without connecting. */
function missing(address: string): string | undefined {
  if (!address.startsWith('unix:')) return undefined;
  try {
    if (lstatSync(address.slice('unix:'.length)).isSocket()) return undefined;
    return 'is no socket';
  } catch (error) {
    // Another user may not look into the folder of the sockets.
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'there is no such socket' : undefined;
  }
}
