/** What doctor checks of the other instances of Postfix on this machine (postmulti). */
import { checkPostfix } from '../../core/checklist/postfix.ts';
import { type Finding, fine } from '../../core/finding.ts';
import { mainValue, parseMainCf } from '../../formats/postfix/main-cf.ts';
import { faultText } from '../../lib/error-text.ts';
import { shellWords } from '../../lib/shell-words.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { readPostfixFiles } from '../connect/postfix-files.ts';
import type { RunFile } from '../guard/run-file.ts';
import { placesOf } from './doors.ts';

/** More are not looked at; a machine has a handful. */
const instancesMax = 20;

/** One finding for each that is enabled. None where one was named, or no guard runs. */
export async function instances(
  live: RunFile | undefined,
  configDir: string | undefined,
): Promise<readonly Finding[]> {
  if (configDir !== undefined || live === undefined) return [];
  const listed = await postconf('multi_instance_directories', undefined).catch(() => '');
  const folders = listed.split(/[\s,]+/).filter((folder) => folder.startsWith('/'));
  const found = await Promise.all(folders.slice(0, instancesMax).map((one) => instance(live, one)));
  return found.flatMap((one) => one ?? []);
}

/** Undefined if it is switched off. */
export async function instance(live: RunFile, folder: string): Promise<Finding | undefined> {
  const title = `Postfix in ${folder}`;
  const id = `postfix.instance.${folder}`;
  const wanted = 'its outgoing mail goes through Postern';
  try {
    const files = await readPostfixFiles(folder);
    const enabled = mainValue(parseMainCf(files.main), 'multi_instance_enable');
    if (enabled?.trim().toLowerCase() !== 'yes') return undefined;
    const queueDirectory = await postconf('queue_directory', folder);
    const all = checkPostfix({ ...files, doors: placesOf(live), queueDirectory });
    const [first] = all.filter(({ kind }) => kind === 'fail');
    if (first === undefined) return fine(id, title, 'connected');
    const why = `${first.title}: ${first.found}`;
    const found = `not connected, so the guard does not see its mail: ${why}`;
    const fix = shellWords('postern', 'connect', 'postfix', '--config-dir', folder);
    return { id, kind: 'warn', title, found, wanted, fix };
  } catch (cause) {
    const fix = `look at ${folder}/main.cf`;
    return { id, kind: 'unknown', title, found: faultText(cause), wanted, fix };
  }
}
