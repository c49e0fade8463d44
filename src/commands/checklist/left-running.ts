/** Whether a source or the guard is late and not waited for: cli.ts then ends the process. */

let isLeft = false;

/** After the command, nothing that still runs keeps the process. */
export function leaveRunning(): void {
  isLeft = true;
}

export function isLeftRunning(): boolean {
  return isLeft;
}
