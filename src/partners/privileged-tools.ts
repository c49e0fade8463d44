/**
 * The few calls that need root (Postfix's and Dovecot's own tools), in two ways: done by us, where
 * we are root or the Postfix instance is ours; or asked of postern-root, a small root helper behind
 * a socket that only Postern may open. Both take the same verbs and validate the same names; the
 * helper trusts nobody and validates again.
 */
import { connect } from 'node:net';
import { parseQueueId } from '../formats/postfix/queue-id.ts';
import { OperatorError, sysexits } from '../lib/operator-error.ts';
import { lineSplitter, programLines, programOutput } from './program.ts';

/**
 * hold, release, drop: queue ids. kick: login names. queue: nothing; answers as `postqueue -j`
 * does. check: nothing; does nothing and says so (for doctor).
 */
export type ToolVerb = 'hold' | 'release' | 'drop' | 'kick' | 'queue' | 'check';

export type PrivilegedTools = {
  /**
   * Lines that the programs wrote. Throws OperatorError when one failed or the signal says stop.
   */
  run(verb: ToolVerb, names: readonly string[], signal: AbortSignal): AsyncGenerator<string>;
};

/** Ids or names that one call takes; the helper refuses more. */
export const namesPerCallMax = 200;
/**
 * Of the messages that one call releases, so many are tried at once: each takes a process.
 * postern-root: the same.
 */
const triedMax = 20;
const tryMs = 3_000;

const postsuper = '/usr/sbin/postsuper';
const postqueue = '/usr/sbin/postqueue';
const doveadm = '/usr/bin/doveadm';
/** doveadm: nobody of that name has a session. */
const nobodyThere = 68;

/**
 * A login as it may go to doveadm and into a deny file: no wildcards (`*` would end everybody's
 * session), nothing that looks like an option or a comment, no separators of a passwd-file.
 * postern-root knows the same rule.
 */
export function isLoginName(text: string): boolean {
  return /^[0-9A-Za-z._%+=@~/&'][0-9A-Za-z._%+=@~/&'#-]{0,253}$/.test(text);
}

/** Runs the programs itself. */
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
      } else if (verb === 'queue') {
        const args = [...postfix, '-j'];
        yield* programLines({ program: postqueue, args, signal, errors: 'complaint' });
      } else yield 'postern-root: ready';
    },
  };
}

/**
 * Released messages are queued again already, and the queue manager gets to them by itself: a nudge
 * that fails changes nothing. One that hangs is the last.
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
 * Asks postern-root. The request is the verb and the names, a line each, then end of input; the
 * answer ends with
 * `postern-root: done` or `postern-root: failed …`, so that a cut connection is never taken for success.
 */
export function helperTools(socketPath: string): PrivilegedTools {
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
        socket.end([verb, ...names, ''].join('\n'));
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
      throw new OperatorError(
        'helper-failed',
        `postern-root could not ${verb}: ${last ?? 'it said nothing'}`,
        { hint: 'its own words are in: journalctl -u "postern-root@*"', exit: sysexits.osErr },
      );
    },
  };
}

function unreachableHelper(socketPath: string, cause: unknown): OperatorError {
  return new OperatorError('helper-unreachable', `cannot ask postern-root at ${socketPath}`, {
    cause,
    hint: 'is postern-root.socket running? see: systemctl status postern-root.socket',
    exit: sysexits.unavailable,
  });
}

/** Bad names come from callers that did not filter: refused before anything runs. */
function check(verb: ToolVerb, names: readonly string[]): void {
  const bad = names.find((name) =>
    verb === 'kick' ? !isLoginName(name) : parseQueueId(name) === undefined,
  );
  if (bad === undefined && names.length <= namesPerCallMax) return;
  const why =
    bad === undefined ? `${names.length} names at once` : `the name ${JSON.stringify(bad)}`;
  throw new OperatorError('helper-refused', `will not ${verb} with ${why}`, {
    exit: sysexits.dataErr,
  });
}
