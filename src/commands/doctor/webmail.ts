/** What doctor checks of webmails: does the guard know who is behind them? */
import type { Config } from '../../config/schema.ts';
import { checkWebmail } from '../../core/checklist/webmail/people.ts';
import type { Finding } from '../../core/finding.ts';
import { guardMetrics } from '../guard/answer.ts';
import type { RunFile } from '../guard/run-file.ts';

export async function webmail(
  config: Config,
  live: RunFile | undefined,
): Promise<readonly Finding[]> {
  const { hosts, users } = config.webmail;
  const sample = live === undefined ? undefined : await guardMetrics(live);
  const counted = (how: string): number =>
    sample?.(`postern_webmail_messages_total{how="${how}"}`) ?? 0;
  const known = counted('xclient') + counted('field') + counted('log');
  const counts = { known, nothing: counted('nothing'), otherProgram: counted('other-program') };
  const webUsers = config.scripts.web_users;
  const finding = checkWebmail({ hosts, users, webUsers, counts: sample && counts });
  return finding === undefined ? [] : [finding];
}
