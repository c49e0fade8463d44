/** Runs `postern …`; src/commands/program.ts has the list of its commands. */
import { isLeftRunning } from './commands/checklist/left-running.ts';
import { runCommandLine } from './commands/program.ts';
import { sysexits } from './lib/operator-error.ts';

const words = process.argv.slice(2);
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EPIPE') throw cause;
    // The reader has closed the pipe (`| head`). The guard goes on without a reader.
    if (words[0] !== 'up') process.exit(sysexits.ok);
  });
}
const code = await runCommandLine(words, {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
// A command may have set an exit code itself (doctor, when a check fails).
if (code !== sysexits.ok) process.exitCode = code;
if (isLeftRunning()) {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit();
}
