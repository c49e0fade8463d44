/** Where Postfix logs, as postconf(1) says. */
import { programOutput } from '../program.ts';

const deadlineMs = 5_000;

/** Its maillog_file; empty where it logs through syslog, and where nobody can say. */
export async function postfixLogFile(configDirectory: string): Promise<string> {
  const where = configDirectory === '' ? [] : ['-c', configDirectory];
  try {
    const [line = ''] = await programOutput({
      program: '/usr/sbin/postconf',
      args: [...where, '-h', 'maillog_file'],
      signal: AbortSignal.timeout(deadlineMs),
      errors: 'complaint',
    });
    return line.trim();
  } catch {
    return ''; // no Postfix, or one before 3.4
  }
}
