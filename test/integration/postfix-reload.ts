/**
 * Waits until a reload of Postfix has happened: `postfix reload` only sends a signal, and servers
 * that began before it may still answer with the old settings.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from './leash.ts';
import type { PostfixInstance } from './postfix-instance.ts';

/** Processes that go by settings and tables that they have read. */
const servers = new Set([
  ...['smtpd', 'cleanup', 'trivial-rewrite', 'proxymap', 'verify', 'qmgr', 'pickup'],
]);

export async function reloaded(
  postfix: PostfixInstance,
  reload: () => Promise<unknown> = () => postfix.reload(),
): Promise<void> {
  const times = async (): Promise<number> =>
    ((await postfix.log()).match(/ reload -- version /g) ?? []).length;
  const [before, old] = [await times(), await serversOf(postfix)];
  await reload();
  await eventually('Postfix has read its files again', async () => {
    return (await times()) > before || undefined;
  });
  await eventually('the servers from before are gone', async () => {
    const now = new Set(await serversOf(postfix));
    return !old.some((pid) => now.has(pid)) || undefined;
  });
}

async function serversOf({ dir }: PostfixInstance): Promise<readonly string[]> {
  const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const master = (await read(join(dir, 'spool/pid/master.pid'))).trim();
  const children = (await read(`/proc/${master}/task/${master}/children`)).split(' ');
  const names = await Promise.all(
    children.map(async (pid) => ({ pid, name: (await read(`/proc/${pid}/comm`)).trim() })),
  );
  return names.filter(({ name }) => servers.has(name)).map(({ pid }) => pid);
}
