/**
 * Closes and opens the login of an account in Dovecot. To close it, Postern writes the name into a
 * passwd-file that Dovecot reads as a denying passdb (for IMAP, POP3 and SMTP AUTH), and then ends
 * its sessions. doveadm can report success and end none, so Postern looks whether any is left, and
 * asks Dovecot whether it refuses the login. What Dovecot must be told is in
 * `src/core/checklist/dovecot.ts`, for Dovecot 2.3 and 2.4.
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
/** How often sessions are looked for and ended, `blindMs` apart. One round usually ends all. */
const roundsMax = 6;
/** Services of Dovecot whose connections are no sessions of a login: mail is delivered to it. */
const deliveries: ReadonlySet<string> = new Set(['lmtp']);
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
      const all = spellings(account, options.defaultDomain);
      const names = all.filter(isLoginName);
      if (names.length === 0) throw notClosable(account);
      await changeNames((closed) => {
        for (const name of names) closed.add(name);
      });
      const signal = AbortSignal.timeout(deadlineMs);
      await endSessions(tools, names, signal);
      await checkRefused(tools, names, signal);
      const open = all.find((name) => !isLoginName(name));
      if (open !== undefined) throw notClosable(open);
    },
    async open(account) {
      const names = spellings(account, options.defaultDomain);
      await changeNames((closed) => {
        for (const name of names) closed.delete(name);
      });
    },
    closedNames: () => closedLogins(denyFile),
  };
}

/**
 * Ends the sessions, and again those that began before Dovecot read the deny file, until none is
 * left. doveadm reports success in some cases where it ends none: for instance where one process
 * of Dovecot serves several logins.
 */
async function endSessions(
  tools: PrivilegedTools,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  let timedOut: unknown;
  try {
    for (let round = 1; round <= roundsMax; round++) {
      const left = await sessionsOf(tools, names, signal);
      if (left.size === 0 && round > 1) return;
      // Since Dovecot 2.4, kick distinguishes capitals, and reports success if it finds nobody.
      const spelled = [...left].filter(isLoginName).slice(0, namesPerCallMax);
      if (spelled.length > 0) {
        for await (const _ of tools.run('kick', spelled, signal)); // output is for people
      }
      await sleep(blindMs, undefined, { signal });
    }
  } catch (cause) {
    if (!signal.aborted) throw cause;
    timedOut = cause;
  }
  const all = names.join(' ');
  throw new OperatorError('sessions-left', `Dovecot still has sessions of ${all}`, {
    cause: timedOut,
    hint:
      'new logins are refused; to end the old ones, restart Dovecot ' +
      `(with Dovecot 2.3 also: doveadm kick -f ${names[0]})`,
    exit: sysexits.tempFail,
  });
}

/**
 * The logins that have sessions, as Dovecot spells them. Throws if doveadm finds sessions of other
 * logins by these names, because it would end those too.
 */
async function sessionsOf(
  tools: PrivilegedTools,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const ours = new Set(names.map((name) => name.toLowerCase()));
  const found = new Set<string>();
  for await (const line of tools.run('sessions', names, signal)) {
    const [login = '', service = '', pid = ''] = line.split('\t');
    if (!/^\d+$/.test(pid) || deliveries.has(service)) continue; // the heading has no pid
    if (!ours.has(login.toLowerCase())) throw notClosable(names.join(' '));
    found.add(login);
  }
  return found;
}

/** Throws if Dovecot still accepts a login, as it does where it does not read the deny file. */
async function checkRefused(
  tools: PrivilegedTools,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for await (const line of tools.run('refused', names, signal)) {
    if (!line.startsWith('open ')) continue;
    const name = line.slice('open '.length);
    throw new OperatorError('login-open', `Dovecot does not refuse the closed login ${name}`, {
      hint: 'change the password of the account now; `postern doctor` shows what Dovecot needs',
      exit: sysexits.config,
    });
  }
}

/** A domain and a user that nobody has (RFC 6761 section 6.4). */
const nobodysDomain = 'postern-asks.invalid';
const nobody = `postern-asks@${nobodysDomain}`;

/**
 * Does Dovecot take these users also with a domain that nobody has? Then it looks at the name
 * alone, and hands back whatever domain was typed. Undefined: it cannot be told.
 */
export async function ignoresDomains(
  tools: PrivilegedTools,
  logins: readonly string[],
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const users = logins.map((login) => `${login.split('@', 1)[0]}@${nobodysDomain}`);
  const names = [...new Set(users)].filter(isLoginName).slice(0, namesPerCallMax - 1);
  if (names.length === 0) return undefined;
  let any = false;
  for await (const line of tools.run('refused', [nobody, ...names], signal)) {
    // It takes everybody, or does not run.
    if (line === `open ${nobody}`) return undefined;
    any ||= line.startsWith('open ');
  }
  return any;
}

/** The names in the file; empty if there is no file. For doctor and for the start of the daemon. */
export async function closedLogins(denyFile: string): Promise<ReadonlySet<string>> {
  return read(denyFile);
}

/** All names by which the account may log in. */
function spellings(account: string, defaultDomain: string | undefined): readonly string[] {
  const suffix = `@${defaultDomain ?? ''}`;
  if (defaultDomain === undefined || !account.endsWith(suffix)) return [account];
  return [account, account.slice(0, -suffix.length)];
}

function notClosable(account: string): OperatorError {
  return new OperatorError('login-name', `cannot close the login ${JSON.stringify(account)}`, {
    hint:
      'doveadm or the deny file would take this name for something else; ' +
      'change the password of the account by hand',
    exit: sysexits.dataErr,
  });
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
