/**
 * Runs another program without a shell and reads its output line by line, with limits on time and
 * size.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { OperatorError, sysexits } from '../lib/operator-error.ts';

/** A longer line is cut; a queue entry with 50,000 recipients has about 10 MB. */
export const programLineBytesMax = 4_194_304;
/** How much of stderr is kept to explain a failure. */
const complaintBytesMax = 4_096;

export type ProgramCall = {
  readonly program: string;
  readonly args: readonly string[];
  /** Text for its standard input, which is then closed. */
  readonly input?: string;
  readonly signal: AbortSignal;
  /** `lines`: lines of stderr are returned too. `complaint`: stderr only explains a failure. */
  readonly errors: 'lines' | 'complaint';
  readonly env?: Readonly<Record<string, string>>;
  /** Folder in which it runs; by default that of this process. */
  readonly folder?: string;
  /** The package of Debian that has the program, for the advice where it is missing. */
  readonly package?: string;
  /** Exit codes that also count as success. `any`: also the end by a signal. */
  readonly fine?: readonly number[] | 'any';
};

/**
 * Yields the lines of its output as they come, and returns its exit code. Throws OperatorError if
 * the program cannot start or fails, or if the signal aborts.
 */
export async function* programLines(call: ProgramCall): AsyncGenerator<string, number | null> {
  call.signal.throwIfAborted();
  // LC_ALL, because Postern reads its messages. PATH is not inherited, because programs are named
  // by their full path.
  const child = spawn(call.program, [...call.args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { LC_ALL: 'C', PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...call.env },
    ...(call.folder === undefined ? {} : { cwd: call.folder }),
  });
  const stop = (): void => void child.kill('SIGKILL');
  call.signal.addEventListener('abort', stop, { once: true });
  const ended = once(child, 'close');
  ended.catch(() => undefined);
  let complaint = '';
  const splitter = lineSplitter();
  const ready: string[] = [];
  child.stdin.on('error', () => undefined); // it may end before it has read all input
  child.stdin.end(call.input ?? '');
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-complaintBytesMax);
    if (call.errors === 'lines') ready.push(...errorSplitter(chunk));
  });
  const errorSplitter = lineSplitter();
  try {
    for await (const chunk of child.stdout) {
      for (const line of splitter(chunk as Buffer)) yield line;
    }
    const [code] = (await ended) as [number | null];
    call.signal.throwIfAborted();
    yield* splitter(undefined);
    yield* ready;
    yield* errorSplitter(undefined);
    const { fine = [] } = call;
    if (code !== 0 && fine !== 'any' && !fine.includes(code ?? -1)) {
      throw failure(call, code, complaint);
    }
    return code;
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw cannotRun(call, cause);
  } finally {
    call.signal.removeEventListener('abort', stop);
    if (child.exitCode === null) stop();
  }
}

/** Its exit code, whatever it is; null if a signal ended it. Its output is dropped. */
export async function programCode(call: Omit<ProgramCall, 'fine'>): Promise<number | null> {
  const lines = programLines({ ...call, fine: 'any' });
  while (true) {
    const next = await lines.next();
    if (next.done === true) return next.value;
  }
}

/** All lines, for programs that print little. */
export async function programOutput(call: ProgramCall): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of programLines(call)) {
    if (lines.length < 10_000) lines.push(line);
  }
  return lines;
}

function failure(call: ProgramCall, code: number | null, complaint: string): OperatorError {
  const lines = complaint.trim().split('\n');
  // Postfix's tools say this first, and then how they failed without it.
  const said = lines.find((line) => line.includes('Mail system is down')) ?? lines.at(-1) ?? '';
  return new OperatorError('program-failed', `${call.program} ended with ${code}: ${said}`, {
    exit: sysexits.osErr,
  });
}

function cannotRun(call: ProgramCall, cause: unknown): OperatorError {
  const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  if (isMissing && !call.signal.aborted && call.folder === undefined) {
    return new OperatorError('program-failed', `${call.program} is not installed`, {
      ...(call.package === undefined ? {} : { hint: `apt-get install ${call.package}` }),
      exit: sysexits.osErr,
    });
  }
  const why = call.signal.aborted ? 'it took too long' : String(cause);
  return new OperatorError('program-failed', `${call.program} did not finish: ${why}`, {
    cause,
    exit: sysexits.osErr,
  });
}

/**
 * Splits chunks into lines; `undefined` ends the last line. A line over the limit is cut and its
 * rest dropped.
 */
export function lineSplitter(): (chunk: Buffer | undefined) => string[] {
  let parts: Buffer[] = [];
  let kept = 0;
  const finish = (): string => {
    const line = Buffer.concat(parts).toString('utf8');
    parts = [];
    kept = 0;
    return line;
  };
  return (chunk) => {
    if (chunk === undefined) return kept > 0 ? [finish()] : [];
    const lines: string[] = [];
    let from = 0;
    while (from < chunk.length) {
      const end = chunk.indexOf(10, from);
      const piece = chunk.subarray(from, end < 0 ? chunk.length : end);
      const room = programLineBytesMax - kept;
      if (room > 0) parts.push(piece.subarray(0, room));
      kept += Math.min(room, piece.length);
      if (end < 0) break;
      lines.push(finish());
      from = end + 1;
    }
    return lines;
  };
}
