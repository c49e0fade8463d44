/**
 * Closes and opens the login of an account in Dovecot. To close it, Postern writes the name into a
 * passwd-file that Dovecot reads as a denying passdb (for IMAP, POP3 and SMTP AUTH), and then ends
 * its sessions. Then it asks Dovecot whether the login really is closed. What Dovecot must be told
 * is in `src/core/checklist/dovecot.ts`, for Dovecot 2.3 and 2.4.
 */
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import { SerialQueue } from '../lib/serial.ts';
import type { LoginDoor } from '../ports/mail-server.ts';
import { isLoginName, namesPerCallMax, type PrivilegedTools } from './privileged-tools.ts';

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
/** A session that was ended needs a moment until Dovecot no longer lists it. */
const lookEveryMs = 250;
const looksMax = 8;
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
      await untilClosed(tools, names, signal);
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

/**
 * Throws if Dovecot still lists a session or would still accept the login. Since Dovecot 2.4,
 * `doveadm kick` distinguishes capitals and tells success if it ended nothing. So sessions under
 * another spelling of the name are ended here under that spelling.
 */
async function untilClosed(
  tools: PrivilegedTools,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  let still: readonly string[] = [];
  for (let look = 0; look < looksMax; look++) {
    const lines: string[] = [];
    for await (const line of tools.run('closed', names, signal)) lines.push(line);
    still = lines.filter((line) => /^(?:session|open) /.test(line));
    if (still.length === 0) return;
    const spelled = still
      .flatMap((line) => /^session (.*)$/.exec(line)?.[1] ?? [])
      .filter((name) => !names.includes(name) && isLoginName(name));
    if (spelled.length > 0) await kick(tools, spelled.slice(0, namesPerCallMax), signal);
    await sleep(lookEveryMs, undefined, { signal });
  }
  const [kind, ...name] = (still[0] ?? '').split(' ');
  const what =
    kind === 'open'
      ? 'Dovecot does not refuse it although it is in the deny file'
      : 'Dovecot did not end its sessions';
  throw new OperatorError('login-open', `the login ${name.join(' ')} is still open: ${what}`, {
    hint: 'change the password of the account now; `postern doctor` shows what Dovecot needs',
    exit: sysexits.unavailable,
  });
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
