/**
 * Is the terminal gone in which this program was started? Its end sends SIGHUP, as an operator does
 * who wants the configuration read again.
 */
import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/**
 * Call it at the start. Its answer: true if the program was started at a terminal and that is gone.
 * With nohup, or all three streams elsewhere, nobody expects the program to end with a terminal.
 */
export function watchTerminal(): () => boolean {
  const isAtTerminal = [0, 1, 2].some((stream) => isatty(stream)) && hasTerminal();
  return () => isAtTerminal && !hasTerminal();
}

/** The kernel opens /dev/tty only for a process that has a terminal. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
