/** Asks postconf(1) where Postfix logs. */
import { programOutput } from '../program.ts';

const deadlineMs = 5_000;

/** The value of maillog_file; empty if Postfix logs through syslog or cannot be asked. */
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
