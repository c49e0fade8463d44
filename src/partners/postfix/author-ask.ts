/**
 * Asks one table of Postfix, or Dovecot's userdb. What the guard's user may not read, such as a
 * file with the password of a database, postern-root asks.
 */
import { existsSync } from 'node:fs';
import type { TableKey, TableName } from '../../core/authors/table-keys.ts';
import { faultText } from '../../lib/error-text.ts';
import { minuteMs, secondMs } from '../../lib/time.ts';
import type { TableAnswer } from '../../ports/authors.ts';
import type { Log } from '../../ports/world.ts';
import { isLoginName, namesPerCallMax, type PrivilegedTools } from '../privileged-tools.ts';
import { programOutput } from '../program.ts';

/**
 * Answers a line for each key that the table has: the key, a tab, the value. Rejects if the table
 * could not be asked. `what`: the server's configuration folder, the parameter and the table.
 */
export type TableAsker = (
  what: { readonly directory: string; readonly name: TableName; readonly table: string },
  keys: readonly string[],
  signal: AbortSignal,
) => Promise<readonly string[]>;

/**
 * The folders of these users' mail. Nothing from a Dovecot that has never answered: it may serve no
 * mail here. Rejects if one that has answered does so no more.
 */
export type MailHomes = (
  keys: readonly TableKey[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, readonly TableAnswer[]>>;

/** A parameter and a table are names of the call too. */
const keysPerCall = namesPerCallMax - 2;
/** After a fault Dovecot is left alone for this long; shorter if it has answered before. */
const pauseMs = 10 * minuteMs;
const shortPauseMs = 30 * secondMs;

/** Asks with postmap(1) as this process's user. */
export const askAsThisUser: TableAsker = async ({ directory, table }, keys, signal) => {
  const lines = await programOutput({
    program: '/usr/sbin/postmap',
    // proxymap(8) serves only programs of Postfix; the table is the same without it.
    args: ['-c', directory, '-q', '-', table.replace(/^proxy:/, '')],
    input: keys.map((key) => `${key}\n`).join(''),
    errors: 'lines',
    fine: [1],
    signal,
  });
  return withoutComplaint(lines);
};

/** Asks as this user, and through `helper` the tables that this user could not ask. */
export function openTableAsker(helper: (directory: string) => PrivilegedTools): TableAsker {
  /** Tables of the configuration: a few. */
  const closed = new Set<string>();
  return async (what, keys, signal) => {
    const key = `${what.directory}\n${what.table}`;
    if (!closed.has(key)) {
      try {
        return await askAsThisUser(what, keys, signal);
      } catch (fault) {
        if (signal.aborted) throw fault;
        closed.add(key);
      }
    }
    const tools = helper(what.directory);
    const lines: string[] = [];
    for (let at = 0; at < keys.length; at += keysPerCall) {
      const names = [what.name, what.table, ...keys.slice(at, at + keysPerCall)];
      for await (const line of tools.run('lookup', names, signal)) lines.push(line);
    }
    return withoutComplaint(lines);
  };
}

/** Undefined without Dovecot on this machine. */
export function openMailHomes(
  tools: PrivilegedTools,
  of: { readonly now: () => number; readonly log: Log },
): MailHomes | undefined {
  if (!existsSync('/usr/bin/doveadm')) return undefined;
  let pausedUntil = 0;
  let hasAnswered = false;
  return async (keys, signal) => {
    const found = new Map<string, readonly TableAnswer[]>();
    const names = keys.map(({ key }) => key).filter((key) => key.includes('@') && isLoginName(key));
    if (names.length === 0) return found;
    if (of.now() < pausedUntil) {
      if (hasAnswered) throw new Error('Dovecot could not be asked a short time ago');
      return found;
    }
    try {
      for await (const line of tools.run('homes', names.slice(0, keysPerCall), signal)) {
        const [, name, value] = /^home (\S+) (.+)$/.exec(line) ?? [];
        if (name !== undefined && value !== undefined) {
          found.set(name, [{ value, table: 'Dovecot' }]);
        }
      }
      hasAnswered = true;
    } catch (fault) {
      // The message waited too long, also for other tables: that says nothing about Dovecot.
      if (signal.aborted) throw fault;
      pausedUntil = of.now() + (hasAnswered ? shortPauseMs : pauseMs);
      of.log('warn', 'authors.dovecot-not-asked', { why: faultText(fault) });
      if (hasAnswered) throw fault;
    }
    return found;
  };
}

function withoutComplaint(lines: readonly string[]): readonly string[] {
  const complaint = lines.find((line) => /^postmap: (?:fatal|error):/.test(line));
  if (complaint !== undefined) throw new Error(complaint);
  return lines;
}
