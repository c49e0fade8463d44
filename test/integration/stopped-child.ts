/** Takes a question and stops, as the user of a process can have it stop. */
process.stdin.once('data', () => process.kill(process.pid, 'SIGSTOP'));
