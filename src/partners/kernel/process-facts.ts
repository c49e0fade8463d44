/**
 * Describes a process from /proc: the program that called it, the script that this program runs,
 * and the chain of its parents. Fields that may not be read are empty; only root can read program,
 * folder and environment of another user's process. Nothing here throws, because a process may end
 * at any moment.
 */
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import type { Ancestor, ScriptSource } from '../../core/script-mail.ts';
import type { ProcessFacts } from '../../core/scripts/handover-request.ts';

/** Between a web form and init there are fewer processes. */
const ancestorsMax = 16;
const shells = /^(?:sh|dash|bash|ash|busybox)$/;
/** Programs that run the first argument that is a file. */
const interpreters =
  /^(?:php|perl|python|ruby|node|lua|tclsh|sh$|dash$|bash$|zsh$|ksh)[a-z0-9.-]*$/;

type Process = Ancestor & { readonly parent: number; readonly startedAt: number };

/** Facts about `pid`, which is sendmail or its replacement. Undefined if the process has ended. */
export function processFacts(pid: number): ProcessFacts | undefined {
  const self = processOf(pid);
  if (self === undefined) return undefined;
  const chain: Process[] = [];
  for (let at = self; chain.length < ancestorsMax && at.parent > 0; ) {
    const parent = processOf(at.parent);
    // A parent that started later is another process that reuses the pid of the ended parent.
    if (parent === undefined || parent.startedAt > at.startedAt) break;
    chain.push(parent);
    at = parent;
  }
  const caller = chain.find((one) => !isShellCommand(one));
  const cwd = link(`/proc/${pid}/cwd`);
  // A script of another user does not count: an orphaned process is adopted by an unrelated
  // process.
  const { script, how } = caller?.uid === self.uid ? scriptOf(caller.pid) : noScript;
  return {
    uid: self.uid,
    pid,
    executable: caller?.executable ?? '',
    cwd,
    script,
    how,
    parents: chain.map(({ pid: number, uid, executable }) => ({ pid: number, uid, executable })),
  };
}

/** When the process was started, in ticks since boot. Undefined if the process has ended. */
export function startOf(pid: number): number | undefined {
  const ticks = statFields(pid)[19];
  return ticks === undefined ? undefined : Number(ticks);
}

/** Adds the script name from X-PHP-Originating-Script, in PHP's current folder. */
export function hintedScript(facts: ProcessFacts, value: string): ProcessFacts {
  if (facts.script !== '' || !facts.cwd.startsWith('/')) return facts;
  if (!/(?:^|\/)php[^/]*$/.test(facts.executable)) return facts;
  const name = /^\s*\d+:([^/\0\s(][^/\0(]*)/.exec(value)?.[1]?.trim();
  if (name === undefined || name === '.' || name === '..') return facts;
  const script = `${facts.cwd === '/' ? '' : facts.cwd}/${name}`;
  return { ...facts, script, how: 'hint' };
}

/**
 * Fields of proc_pid_stat(5) from the third on: [1] is the parent, [19] the start time in ticks,
 * which shows whether a pid was reused. Too few fields if the process has ended.
 */
export function statFields(pid: number): readonly string[] {
  const stat = text(`/proc/${pid}/stat`);
  // The name before may contain anything, even brackets.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function processOf(pid: number): Process | undefined {
  const fields = statFields(pid);
  const uid = /^Uid:\s+(\d+)/m.exec(text(`/proc/${pid}/status`))?.[1];
  if (uid === undefined || fields.length < 20) return undefined;
  return {
    pid,
    uid: Number(uid),
    executable: link(`/proc/${pid}/exe`),
    parent: Number(fields[1]),
    startedAt: Number(fields[19]),
  };
}

/** Whether a process is `sh -c '…'`, through which programs start sendmail. */
function isShellCommand({ pid, executable }: Ancestor): boolean {
  const [name = '', option = ''] = argumentsOf(pid);
  const program = baseName(executable === '' ? name : executable);
  return shells.test(program) && option === '-c';
}

const noScript = { script: '', how: 'none' } as const;

function scriptOf(pid: number): { readonly script: string; readonly how: ScriptSource } {
  const environment = new Map(
    text(`/proc/${pid}/environ`)
      .split('\0')
      .map((entry) => {
        const equals = entry.indexOf('=');
        return [entry.slice(0, equals), entry.slice(equals + 1)] as const;
      }),
  );
  const told = environment.get('SCRIPT_FILENAME') ?? '';
  if (told.startsWith('/') && environment.has('GATEWAY_INTERFACE')) {
    return { script: told, how: environment.has('FCGI_ROLE') ? 'fastcgi' : 'cgi' };
  }
  const [name = '', ...words] = argumentsOf(pid);
  if (!interpreters.test(baseName(name))) return noScript;
  const cwd = link(`/proc/${pid}/cwd`);
  for (const word of words) {
    if (word.startsWith('-') || word === '') continue;
    const path = word.startsWith('/') ? word : `${cwd}/${word.replace(/^(?:\.\/)+/, '')}`;
    if (!path.startsWith('/')) return noScript;
    return isFile(path) ? { script: path, how: 'arguments' } : noScript;
  }
  return noScript;
}

const argumentsOf = (pid: number): string[] => text(`/proc/${pid}/cmdline`).split('\0');
const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * The owner of a file; undefined if it does not exist. If a folder is closed to other users, its
 * owner counts, because the owner decides what is in it.
 */
export function ownerOf(path: string): number | undefined {
  for (let at = path; at.startsWith('/'); at = at.slice(0, at.lastIndexOf('/'))) {
    try {
      return statSync(at).uid;
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'EACCES')) return undefined;
    }
  }
  return undefined;
}
