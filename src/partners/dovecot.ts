/**
 * Closes and opens the login of an account in Dovecot. To close it, Postern writes the name into a
 * passwd-file that Dovecot reads as a denying passdb (for IMAP, POP3 and SMTP AUTH), and then ends
 * its sessions.
 *
 *     passdb {
 *       driver = passwd-file
 *       deny = yes
 *       args = /var/lib/postern-dovecot/suspended
 *     }
 */
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import { SerialQueue } from '../lib/serial.ts';
import type { LoginDoor } from '../ports/mail-server.ts';
import { isLoginName, type PrivilegedTools } from './privileged-tools.ts';

export type DovecotOptions = {
  readonly tools: PrivilegedTools;
  readonly denyFile: string;
  /** Users of this domain may log in without the domain, so both names are closed. */
  readonly defaultDomain?: string;
  readonly deadlineMs?: number;
};

/**
 * Dovecot checks the file once in each second of the clock, so an old state may hold until the next
 * second.
 */
const blindMs = 1_050;
/** Changes of the deny file that may wait: more than any server has logins. */
const rewritesMax = 1_000_000;

const denyHeader: string =
  '# Logins that Postern has closed. Written by Postern; undo with: postern accounts release ' +
  'NAME\n';

export function dovecot(options: DovecotOptions): LoginDoor {
  const { tools, denyFile, deadlineMs = 10_000 } = options;
  // Two suspensions at once must not lose one of the names: the file is rewritten by one at a time.
  const rewrites = new SerialQueue<'deny file'>(rewritesMax);
  const changeNames = (change: (names: Set<string>) => void): Promise<void> =>
    rewrites.run('deny file', () => rewrite(denyFile, change));
  return {
    async close(account) {
      const names = loginNames(account, options.defaultDomain);
      await changeNames((closed) => {
        for (const name of names) closed.add(name);
      });
      const signal = AbortSignal.timeout(deadlineMs);
      await kick(tools, names, signal);
      // Ends sessions that began in that moment too.
      await sleep(blindMs, undefined, { signal });
      await kick(tools, names, signal);
    },
    async open(account) {
      const names = loginNames(account, options.defaultDomain);
      await changeNames((closed) => {
        for (const name of names) closed.delete(name);
      });
    },
    closedNames: () => closedLogins(denyFile),
  };
}

async function kick(
  tools: PrivilegedTools,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for await (const _ of tools.run('kick', names, signal)); // its output is for people
}

/** The names in the file; empty if there is no file. For doctor and for the start of the daemon. */
export async function closedLogins(denyFile: string): Promise<ReadonlySet<string>> {
  return read(denyFile);
}

function loginNames(account: string, defaultDomain: string | undefined): readonly string[] {
  if (!isLoginName(account)) {
    throw new OperatorError('login-name', `cannot close the login ${JSON.stringify(account)}`, {
      hint: 'the deny file cannot contain this name; change the password of the account by hand',
      exit: sysexits.dataErr,
    });
  }
  const suffix = `@${defaultDomain ?? ''}`;
  if (defaultDomain === undefined || !account.endsWith(suffix)) return [account];
  return [account, account.slice(0, -suffix.length)].filter(isLoginName);
}

async function read(denyFile: string): Promise<Set<string>> {
  const text = await readFile(denyFile, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return '';
    throw cannot('read', denyFile, cause);
  });
  const names = text.split('\n').map((line) => (line.split(':')[0] ?? '').trim());
  return new Set(names.filter((name) => name !== '' && !name.startsWith('#')));
}

/** Replaces the file as a whole, so Dovecot never sees half a file. */
async function rewrite(denyFile: string, change: (names: Set<string>) => void): Promise<void> {
  const names = await read(denyFile);
  change(names);
  const fresh = `${denyFile}.new`;
  try {
    const lines = [...names].sort().map((name) => `${name}\n`);
    await rm(fresh, { force: true });
    await writeFile(fresh, denyHeader + lines.join(''), { mode: 0o640, flag: 'wx', flush: true });
    // Dovecot compares the size and the whole seconds of the time, so two changes in one second
    // must get different times.
    const before = await stat(denyFile).catch(() => undefined);
    const seconds = Math.floor((await stat(fresh)).mtimeMs / 1_000);
    const distinct = Math.max(seconds, Math.floor((before?.mtimeMs ?? 0) / 1_000) + 1);
    await utimes(fresh, distinct, distinct);
    await rename(fresh, denyFile);
  } catch (cause) {
    throw cannot('write', denyFile, cause);
  }
}

function cannot(what: 'read' | 'write', denyFile: string, cause: unknown): OperatorError {
  return new OperatorError('deny-file', `cannot ${what} the deny file ${denyFile}`, {
    cause,
    hint: 'its folder must belong to postern:dovecot with mode 2750; run `postern doctor`',
    exit: sysexits.ioErr,
  });
}
