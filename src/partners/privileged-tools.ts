/**
 * The few calls that need root: tools of Postfix and Dovecot. Postern runs them directly if it is
 * root or owns the Postfix instance. Otherwise it asks postern-root, a small helper with root
 * rights behind a socket that only Postern may open. Both accept the same verbs and check the same
 * names; the helper checks again.
 */
import { connect } from 'node:net';
import { parseQueueId } from '../formats/postfix/queue-id.ts';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import { lineSplitter, programCode, programLines, programOutput } from './program.ts';

/**
 * What a call does, and the names that it takes. hold, release, drop: queue ids. kick, sessions,
 * refused, homes: login names. sessions answers like `doveadm -f tab who -1`; refused answers `open
 * NAME` for each name that Dovecot does not refuse; homes answers `home NAME FOLDER` for each that
 * Dovecot knows. lookup: a parameter of Postfix, one of its tables, and keys; answers like `postmap
 * -q -`. queue: no names; answers like `postqueue -j`. check: no names; only answers (for doctor).
 * waits: queue ids with the second until which they wait; waited: ids. The helper alone keeps that
 * list, so that mail leaves although the guard does not come back.
 */
export type ToolVerb =
  | (typeof loginVerbs)[number]
  | 'hold'
  | 'release'
  | 'drop'
  | 'queue'
  | 'lookup'
  | 'waits'
  | 'waited'
  | 'check';
const loginVerbs = ['kick', 'sessions', 'refused', 'homes'] as const;

export type PrivilegedTools = {
  /**
   * Runs the tools and yields the lines that they print. Throws OperatorError if a tool fails or
   * the signal aborts.
   */
  run(verb: ToolVerb, names: readonly string[], signal: AbortSignal): AsyncGenerator<string>;
};

/** The most ids or names in one call; the helper refuses more. */
export const namesPerCallMax = 200;
/**
 * How many released messages of a call are sent at once, since each needs a process. postern-root
 * has the same limit.
 */
const triedMax = 20;
const tryMs = 3_000;

const postsuper = '/usr/sbin/postsuper';
const postqueue = '/usr/sbin/postqueue';
const postmap = '/usr/sbin/postmap';
const doveadm = '/usr/bin/doveadm';
/** Exit code of doveadm if the user has no session; since Dovecot 2.4 that is 0. */
const nobodyThere = 68;
/** Exit code of `doveadm auth lookup` if no passdb accepts the user, or one denies it. */
const noSuchUser = 67;

/**
 * Whether a login may be passed to doveadm and written to a deny file. It must have no wildcard
 * (`*` would end the sessions of all users), not look like an option or a comment, have no
 * separator of a passwd-file, and not read as a network. postern-root has the same rule.
 */
export function isLoginName(text: string): boolean {
  return (
    /^[0-9A-Za-z._%+=@~/&'][0-9A-Za-z._%+=@~/&'#-]{0,253}$/.test(text) && !readsAsNetwork(text)
  );
}

/**
 * Whether doveadm could take the name for an address or a network, and so end the sessions of
 * everybody there. doveadm reads addresses as inet_aton(3) does: `127.1` and `0x7f` are addresses
 * too. A number alone is a login for doveadm since 2.3.19; with a mask (`1/0`) it is a network.
 */
function readsAsNetwork(name: string): boolean {
  const [head = '', mask] = name.split('/', 2);
  if (mask !== undefined) return /^[0-9a-fx.:[\]]*$/i.test(head);
  if (name.includes(':')) return true;
  if (name.includes('.')) return /^[0-9.][0-9a-fx.]*$/i.test(name);
  return /^0x[0-9a-f]*$/i.test(name);
}

/** Privileged tools that this process runs directly. */
export function ownTools(
  where: { readonly postfixConfig?: string; readonly dovecotConfig?: string } = {},
): PrivilegedTools {
  const postfix = where.postfixConfig === undefined ? [] : ['-c', where.postfixConfig];
  const dovecot = where.dovecotConfig === undefined ? [] : ['-c', where.dovecotConfig];
  const onQueue = (flags: readonly string[], ids: readonly string[], signal: AbortSignal) =>
    programLines({
      program: postsuper,
      args: [...postfix, ...flags],
      input: ids.map((id) => `${id}\n`).join(''),
      signal,
      errors: 'lines',
    });
  return {
    async *run(verb, names, signal) {
      check(verb, names);
      if (verb === 'hold') yield* onQueue(['-h', '-'], names, signal);
      else if (verb === 'drop') yield* onQueue(['-d', '-', 'hold'], names, signal);
      else if (verb === 'release') {
        yield* onQueue(['-H', '-'], names, signal);
        await tryAtOnce(postfix, names.slice(0, triedMax), signal);
      } else if (verb === 'kick') {
        for (const name of names) {
          const args = [...dovecot, 'kick', name];
          const fine = [nobodyThere];
          yield* programLines({ program: doveadm, args, signal, errors: 'complaint', fine });
        }
      } else if (verb === 'sessions') {
        for (const name of names) {
          const args = [...dovecot, '-f', 'tab', 'who', '-1', name];
          yield* programLines({ program: doveadm, args, signal, errors: 'complaint' });
        }
      } else if (verb === 'refused') {
        for (const name of names) {
          // The output may contain the stored password, so it goes nowhere.
          const args = [...dovecot, 'auth', 'lookup', name];
          const code = await programCode({ program: doveadm, args, signal, errors: 'complaint' });
          if (code !== noSuchUser) yield `open ${name}`;
        }
      } else if (verb === 'homes') {
        for (const name of names) {
          const args = [...dovecot, 'user', '-f', 'home', name];
          const call = { program: doveadm, args, signal, errors: 'complaint' } as const;
          const [home] = await programOutput({ ...call, fine: [noSuchUser] });
          if (home !== undefined) yield `home ${name} ${home}`;
        }
      } else if (verb === 'lookup') {
        const [, table = '', ...keys] = names;
        const input = keys.map((key) => `${key}\n`).join('');
        const args = [...postfix, '-q', '-', table];
        const call = { program: postmap, args, input, signal } as const;
        yield* programLines({ ...call, errors: 'lines', fine: [1] });
      } else if (verb === 'queue') {
        const args = [...postfix, '-j'];
        yield* programLines({ program: postqueue, args, signal, errors: 'complaint' });
      } else if (verb === 'check') yield 'postern-root: ready';
    },
  };
}

/**
 * Asks Postfix to send released messages at once. They are back in the queue already and the queue
 * manager sends them in any case, so a failed call changes nothing. After a call that hangs, no
 * more are made.
 */
async function tryAtOnce(
  flags: readonly string[],
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const id of ids) {
    const enough = AbortSignal.any([signal, AbortSignal.timeout(tryMs)]);
    const call = { program: postqueue, args: [...flags, '-i', id], signal: enough } as const;
    await programOutput({ ...call, errors: 'complaint' }).catch(() => undefined);
    if (enough.aborted) return;
  }
}

/**
 * Privileged tools through postern-root. The request is the verb, with the configuration directory
 * of an instance of Postfix behind it, and the names, one a line, then a line `end`, so a request
 * that was cut off is never carried out. The answer ends with `postern-root: done` or
 * `postern-root: failed …`, so a cut connection is never mistaken for success. The helper works
 * only on instances that root wrote down when it connected them.
 */
export function helperTools(socketPath: string, instance = ''): PrivilegedTools {
  return {
    async *run(verb, names, signal) {
      check(verb, names);
      const socket = connect({ path: socketPath });
      const stop = (): void => void socket.destroy(new Error('it took too long'));
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      const split = lineSplitter();
      let last: string | undefined;
      try {
        const first = instance === '' ? verb : `${verb} ${instance}`;
        socket.end([first, ...names, 'end', ''].join('\n'));
        for await (const chunk of socket) {
          for (const line of split(chunk as Buffer)) {
            if (last !== undefined) yield last;
            last = line;
          }
        }
      } catch (cause) {
        throw unreachableHelper(socketPath, cause);
      } finally {
        signal.removeEventListener('abort', stop);
        socket.destroy();
      }
      if (last === 'postern-root: done') return;
      if (last?.endsWith('was not connected by root') === true) throw notConnected(instance);
      throw new OperatorError(
        'helper-failed',
        `postern-root could not ${verb}: ${last ?? 'it gave no answer'}`,
        { hint: 'its messages are in: journalctl -u "postern-root@*"', exit: sysexits.osErr },
      );
    },
  };
}

function notConnected(instance: string): OperatorError {
  return new OperatorError(
    'instance-not-connected',
    `postern-root may not work on the queue of the Postfix in ${instance}`,
    { hint: `run: sudo postern connect postfix --config-dir ${instance}`, exit: sysexits.noPerm },
  );
}

function unreachableHelper(socketPath: string, cause: unknown): OperatorError {
  return new OperatorError('helper-unreachable', `cannot ask postern-root at ${socketPath}`, {
    cause,
    hint: 'check that it runs: systemctl status postern-root.socket',
    exit: sysexits.unavailable,
  });
}

/** Whether postmap(1) may be asked these: a parameter, a table and keys, each a line. */
function isLookUp([parameter = '', table = '', ...keys]: readonly string[]): boolean {
  const isTable = /^[a-z]+:[^\n]{1,1000}$/.test(table);
  return /^\w{1,64}$/.test(parameter) && isTable && keys.every(isTableKey);
}

function isTableKey(text: string): boolean {
  return /^[^\s\p{Cc}]{1,320}$/u.test(text);
}

/** A queue id, a dot, and a second since 1970. */
function isWait(text: string): boolean {
  const [id = '', second = '', ...more] = text.split('.');
  return more.length === 0 && parseQueueId(id) !== undefined && /^[1-9]\d{0,10}$/.test(second);
}

function badNames(verb: ToolVerb, names: readonly string[]): string | undefined {
  if (verb === 'lookup') return isLookUp(names) ? undefined : names.join(' ').slice(0, 200);
  if (verb === 'waits') return names.find((name) => !isWait(name));
  const takesLogins = loginVerbs.some((one) => one === verb);
  return names.find((name) =>
    takesLogins ? !isLoginName(name) : parseQueueId(name) === undefined,
  );
}

/** Refuses invalid names before anything runs. They come from callers that did not filter. */
function check(verb: ToolVerb, names: readonly string[]): void {
  const bad = badNames(verb, names);
  if (bad === undefined && names.length <= namesPerCallMax) return;
  const why =
    bad === undefined ? `${names.length} names at once` : `the name ${JSON.stringify(bad)}`;
  throw new OperatorError('helper-refused', `will not ${verb} with ${why}`, {
    exit: sysexits.dataErr,
  });
}
