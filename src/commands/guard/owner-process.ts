/**
 * A process of the user who owns the state folder, for commands that must stay root: it opens the
 * ledger and asks the guard. Root sends questions to it and reads answers, one JSON text a line.
 * That user may stop or change the process, so an answer is not more trusted than the ledger.
 */
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { minuteMs, secondMs } from '../../lib/time.ts';
import { plain } from '../terminal/format.ts';
import { operator } from './client.ts';
import type { FolderOwner } from './owner.ts';

export type OwnerProcess = {
  /** Throws the OperatorError that the question met there, or `owner-process`. */
  ask(question: unknown): Promise<unknown>;
};

type Answer = { readonly value?: unknown; readonly fault?: Fault };
type Fault = {
  readonly code: string;
  readonly text: string;
  readonly hint?: string;
  readonly exit: number;
};

/** A million weak accounts are less. */
const answerBytesMax = 512 * 1024 * 1024;

/** That user can stop the process, or put a pipe in place of the ledger. */
const usualMs = 5 * minuteMs;

/**
 * Starts `script` as that user. It ends when this process does, or if it has not answered a
 * question within `limitMs`.
 */
export function openOwnerProcess(
  script: string,
  args: readonly string[],
  { uid, gid, limitMs = usualMs }: FolderOwner & { readonly limitMs?: number },
): OwnerProcess {
  const child = spawn(process.execPath, [...process.execArgv, script, ...args], {
    uid,
    gid, // and no other groups
    cwd: '/',
    // Ctrl-C is for this process alone, which may have an answer to wait for.
    detached: true,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', SUDO_USER: operator() },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const { stdin, stdout } = child;
  let failed = false;
  let finish: ((line: Buffer | undefined) => void) | undefined;
  const gone = (): void => {
    failed = true;
    finish?.(undefined);
  };
  let parts: Buffer[] = [];
  let bytes = 0;
  stdout.on('data', (chunk: Buffer) => {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes > answerBytesMax) child.kill('SIGKILL');
    if (chunk.at(-1) !== newline) return;
    finish?.(Buffer.concat(parts));
    parts = [];
    bytes = 0;
  });
  child.on('error', gone);
  stdout.on('close', gone);
  stdin.on('error', gone);
  // It keeps this process alive only while an answer is awaited.
  const hold = (on: boolean): void => {
    for (const one of [stdin as Socket, stdout as Socket]) on ? one.ref() : one.unref();
  };
  child.unref();
  hold(false);
  const once = async (question: unknown): Promise<unknown> => {
    if (failed) throw noAnswer(uid);
    hold(true);
    let isLate = false;
    const late = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, limitMs);
    try {
      const line = await new Promise<Buffer | undefined>((resolve) => {
        finish = resolve;
        stdin.write(`${JSON.stringify(question)}\n`);
      });
      if (isLate) throw tooLate(uid, limitMs);
      return answered(line, uid);
    } finally {
      clearTimeout(late);
      finish = undefined;
      hold(false);
    }
  };
  let turn: Promise<unknown> = Promise.resolve();
  return {
    ask(question) {
      const answer = turn.then(() => once(question));
      turn = answer.catch(() => undefined);
      return answer;
    },
  };
}

const newline = 10;

function answered(line: Buffer | undefined, uid: number): unknown {
  let answer: Answer;
  try {
    answer = JSON.parse(line?.toString('utf8') ?? '') as Answer;
  } catch {
    throw noAnswer(uid);
  }
  const { fault } = answer;
  if (fault === undefined) return answer.value;
  const hint = fault.hint === undefined ? {} : { hint: plain(String(fault.hint)) };
  throw new OperatorError(String(fault.code), plain(String(fault.text)), {
    ...hint,
    exit: Number(fault.exit),
  });
}

function noAnswer(uid: number): OperatorError {
  return new OperatorError('owner-process', `a process of user ${uid} ended without an answer`, {
    hint: 'that user owns the state folder, and must be able to read the program of Postern',
    exit: sysexits.osErr,
  });
}

function tooLate(uid: number, ms: number): OperatorError {
  const text = `a process of user ${uid} did not answer within ${ms / secondMs} s, and was ended`;
  return new OperatorError('owner-process', text, {
    hint: 'that user owns the state folder; look for what is no plain file in it',
    exit: sysexits.tempFail,
  });
}

/** The other end: answers the questions on standard input until it ends. */
export async function answerRoot(answer: (question: unknown) => Promise<unknown>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const said = await answer(JSON.parse(line)).then(
      (value): Answer => ({ value: value ?? null }),
      (error: unknown): Answer => ({ fault: faultOf(error) }),
    );
    process.stdout.write(`${JSON.stringify(said)}\n`);
  }
}

function faultOf(error: unknown): Fault {
  if (!(error instanceof OperatorError)) {
    return { code: 'owner-process', text: String(error), exit: sysexits.software };
  }
  const { code, message, hint, exit } = error;
  return { code, text: message, exit, ...(hint === undefined ? {} : { hint }) };
}
