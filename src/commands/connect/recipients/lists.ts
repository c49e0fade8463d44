/** The file with the recipients that Postfix reads where nothing else knows them. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { passwordFiles } from '../../../core/checklist/dovecot.ts';
import { domainOf } from '../../../formats/message/address.ts';
import { OperatorError, sysexits } from '../../../lib/operator-error.ts';
import { unifiedDiff } from '../../../lib/unified-diff.ts';
import { programLines } from '../../../partners/program.ts';
import { listFile, listText, type PlanInput } from './plan.ts';

const usersMs = 60_000;
/** Users that a list may have. */
const usersMax = 2_000_000;

/**
 * The users that Dovecot lists, else those in its password files: a userdb may be a pattern.
 * Undefined without Dovecot, or where neither can be listed.
 */
export async function dovecotUsers(
  config: string | undefined,
): Promise<readonly string[] | undefined> {
  const where = config === undefined ? [] : ['-c', config];
  const call = (program: string, args: readonly string[]): Promise<readonly string[]> =>
    allLines(program, [...where, ...args]);
  try {
    const listed = await call('/usr/bin/doveadm', ['user', '*']).catch(() => undefined);
    return addresses(listed ?? (await inFiles(await call('/usr/bin/doveconf', ['-n']))));
  } catch {
    return undefined;
  }
}

/** Rejects if there are too many: a list that is cut would refuse the others. */
async function allLines(program: string, args: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  const signal = AbortSignal.timeout(usersMs);
  for await (const line of programLines({ program, args, signal, errors: 'complaint' })) {
    if (lines.push(line) > usersMax) throw new Error('too many lines');
  }
  return lines;
}

async function inFiles(configuration: readonly string[]): Promise<readonly string[]> {
  const files = passwordFiles(configuration.join('\n'));
  if (files.length === 0) throw new Error('no password files');
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  return texts.flatMap((text) => text.split('\n').map((line) => line.split(':')[0] ?? ''));
}

function addresses(lines: readonly string[]): readonly string[] {
  return lines
    .map((line) => line.trim().toLowerCase())
    .filter((line) => /^[^\s#]\S*@\S+$/.test(line));
}

/** A list that everybody may read: smtpd has no rights of root. */
export async function writeList(file: string, text: string): Promise<void> {
  await rm(`${file}.new`, { force: true });
  await writeFile(`${file}.new`, text, { mode: 0o644, flag: 'wx', flush: true });
  await rename(`${file}.new`, file);
}

/** The lists as they are wanted now, and what is different. */
export async function renewedLists(
  lists: readonly string[],
  {
    classes,
    configDirectory,
    users: listUsers,
  }: Pick<PlanInput, 'classes' | 'configDirectory' | 'users'>,
): Promise<{
  readonly diff: string;
  readonly texts: readonly { readonly file: string; readonly text: string }[];
}> {
  const users = await listUsers();
  if (users === undefined) {
    throw new OperatorError('no-users', 'Dovecot does not list its users; the list stays', {
      hint: 'doveadm user "*"',
      exit: sysexits.unavailable,
    });
  }
  let diff = '';
  const texts: { readonly file: string; readonly text: string }[] = [];
  for (const of of classes) {
    const file = listFile(configDirectory, of.kind);
    if (!lists.includes(file)) continue;
    const text = listText(users.filter((one) => of.domains.includes(domainOf(one))));
    const old = await readFile(file, 'utf8').catch(() => '');
    diff += unifiedDiff(old, text, { before: file, after: `${file} (now)` });
    if (old !== text) texts.push({ file, text });
  }
  return { diff, texts };
}
