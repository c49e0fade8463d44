/** Opens the scanners that the configuration names, for the daemon and for commands. */
import type { Config } from '../../config/schema.ts';
import { whereOf } from '../../config/values.ts';
import { openClamav } from '../../partners/scanners/clamav.ts';
import { openRspamd } from '../../partners/scanners/rspamd.ts';
import { openSpamAssassin } from '../../partners/scanners/spamassassin.ts';
import type { Scanner } from '../../ports/scan.ts';

/** In the order in which reasons name them. */
export function openScanners({ scan }: Pick<Config, 'scan'>): readonly Scanner[] {
  const octetsMax = scan.message_bytes_max;
  const spamd = whereOf(scan.spamassassin, 0);
  const rspamd = whereOf(scan.rspamd, 0);
  const clamd = whereOf(scan.clamav, 0);
  const user = scan.spamassassin_user;
  return [
    ...(spamd === undefined ? [] : [openSpamAssassin({ where: spamd, user, octetsMax })]),
    ...(rspamd === undefined
      ? []
      : [openRspamd({ where: rspamd, octetsMax, connections: scan.connections })]),
    ...(clamd === undefined
      ? []
      : [openClamav({ where: clamd, octetsMax: scan.clamav_bytes_max })]),
  ];
}
