/**
 * `postern …`: the command line of this process. What there is to run is in src/commands/program.ts.
 */
import { runCommandLine } from './commands/program.ts';
import { sysexits } from './lib/operator-error.ts';

const words = process.argv.slice(2);
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'EPIPE') throw cause;
    // Whoever read us has had enough (`| head`). The guard goes on without a reader.
    if (words[0] !== 'up') process.exit(sysexits.ok);
  });
}
const code = await runCommandLine(words, {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
// A command that was heard to its end may have set a code of its own (doctor: something fails).
if (code !== sysexits.ok) process.exitCode = code;
