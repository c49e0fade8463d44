/** How a command that failed says so: a line for people, an object for programs, an exit code. */
import { getSystemErrorMessage } from 'node:util';
import { CommanderError } from 'commander';
import { ownCommands } from '../../core/own-command.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import { ownCommand } from './own-command.ts';

export type Failure = {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly exit: number;
};

/** `help`: the command whose help a wrong call needs. Undefined: it is no failure. */
export function failureOf(error: unknown, help: string): Failure | undefined {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return undefined;
    const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    return { code: 'usage', message, hint: here(`see ${help}`), exit: sysexits.usage };
  }
  if (error instanceof OperatorError) {
    const { code, exit, hint = '' } = error;
    const message = here(`${error.message}${because(error)}`);
    const isWrongCall = exit === sysexits.usage && !hint.includes('--help');
    const hints = [hint, isWrongCall ? `see ${help}` : ''].filter((one) => one !== '');
    // A hint of several lines may end with a command, which must be on a line of its own.
    return { code, message, hint: here(hints.join(hint.includes('\n') ? '\n' : '; ')), exit };
  }
  const message =
    'an error in Postern, please report it: ' +
    `${error instanceof Error ? error.stack : String(error)}`;
  return { code: 'bug', message, hint: '', exit: sysexits.software };
}

/** For a terminal or a log: each line with the name of the program. */
export function failureText({ hint, message }: Failure): string {
  const lines = [...message.split('\n'), ...(hint === '' ? [] : [hint])];
  return lines.map((line) => `postern: ${line}\n`).join('');
}

/** For a program that asked for JSON. */
export function failureJson({ code, exit, hint, message }: Failure): string {
  return `${JSON.stringify({ error: { code, message, hint, exit } })}\n`;
}

function here(text: string): string {
  return ownCommands(text, ownCommand());
}

function because({ cause, message: said }: OperatorError): string {
  if (cause === undefined) return '';
  const { errno, message } = { errno: undefined, message: String(cause), ...errorOf(cause) };
  // Node's own text repeats the path, which the message already names.
  const why = errno === undefined ? message : getSystemErrorMessage(errno);
  // The message may have it already.
  return said.includes(why) || (errno !== undefined && said.includes(message)) ? '' : `: ${why}`;
}

function errorOf(cause: unknown): { readonly errno?: number; readonly message?: string } {
  if (!(cause instanceof Error)) return {};
  const { errno, message } = cause as NodeJS.ErrnoException;
  return errno === undefined || 'address' in cause ? { message } : { message, errno };
}
