/** Looks at Postfix before any mail of a drill is sent: its milters, and the way to the sink. */
import { connect } from 'node:net';
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

const answerMs = 5_000;

/** The configuration folders of every Postfix that is connected to the guard. */
export async function connectedFolders(state: string): Promise<readonly string[]> {
  const known = await guardKnows(state);
  const all = known?.instances ?? (known === undefined ? [] : [known]);
  return all.map(({ configDirectory }) => configDirectory);
}

/** All smtpd services for users name a milter door of the guard, and something listens there. */
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
      const why = await answers(address);
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

/** Undefined if something accepts connections there. */
function answers(address: string): Promise<string | undefined> {
  const inet = /^inet:\[?(.+?)\]?:(\d+)$/.exec(address);
  const where =
    inet === null
      ? { path: address.replace(/^unix:/, '') }
      : { host: inet[1] ?? '', port: Number(inet[2]) };
  return new Promise((resolve) => {
    const socket = connect({ ...where, timeout: answerMs });
    const end = (why: string | undefined): void => {
      socket.destroy();
      resolve(why);
    };
    socket.on('connect', () => end(undefined));
    socket.on('timeout', () => end('no answer'));
    socket.on('error', (error) => end(faultText(error)));
  });
}
