/** The commands that end a suspension. Whoever runs one says what it was. Pure. */
import { shellWords } from '../lib/shell-words.ts';

export type ReleaseCommands = {
  /** It was a hijack, and the password is changed: what is held stays held. */
  readonly hijacked: string;
  /** It was honest mail: what is held is delivered. */
  readonly falseAlarm: string;
};

export function releaseCommands(account: string): ReleaseCommands {
  const release = shellWords('postern', 'accounts', 'release', account);
  return { hijacked: `${release} --hijacked`, falseAlarm: `${release} --false-alarm` };
}
