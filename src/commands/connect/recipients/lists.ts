/** The file with the recipients that Postfix reads where nothing else knows them. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { OperatorError, sysexits } from '../../../lib/operator-error.ts';
import { unifiedDiff } from '../../../lib/unified-diff.ts';
import { programOutput } from '../../../partners/program.ts';
import { domainOf, listFile, listText, type PlanInput } from './plan.ts';

const usersMs = 60_000;

/** Undefined without Dovecot, or where it cannot list its users. */
export async function dovecotUsers(
  config: string | undefined,
): Promise<readonly string[] | undefined> {
  try {
    const lines = await programOutput({
      program: '/usr/bin/doveadm',
      args: [...(config === undefined ? [] : ['-c', config]), 'user', '*'],
      signal: AbortSignal.timeout(usersMs),
      errors: 'complaint',
    });
    return lines.map((line) => line.trim().toLowerCase()).filter((line) => /^\S+@\S+$/.test(line));
  } catch {
    return undefined;
  }
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
