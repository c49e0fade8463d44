/** Turns lines of a webmail's log into logins, in the form that the reader of logs takes. */
import type { LogCounts } from '../../core/logs/log-facts.ts';
import { webmailFact, webmailLine } from '../../core/logs/webmail-line.ts';
import { HostClock, ZoneDays } from '../../formats/logs/host-clock.ts';
import { machineZone } from '../../lib/time.ts';
import { countedAt, type MailLines } from './mail-line.ts';

/** Reads the lines of one log. A webmail writes much else; that is no fault. */
export function openWebmailLines(): MailLines {
  const counted = { told: 0, known: 0, formless: 0 };
  const clock = new HostClock(new ZoneDays(machineZone));
  return {
    fileEvents(line, { defaultDomain, now }) {
      const cut = webmailLine(line);
      const fact = cut === undefined ? undefined : webmailFact(cut.text, defaultDomain);
      if (cut === undefined || fact === undefined) {
        counted[cut === undefined ? 'formless' : 'known']++;
        return [];
      }
      counted.told++;
      const when = countedAt(clock.place(cut.stamp, now), now);
      if (when === undefined) return [];
      clock.last = when;
      return [{ ...fact, at: when }];
    },
    journalEvents: () => [],
    counts: (): LogCounts => ({
      lines: counted.told + counted.known + counted.formless,
      ...counted,
      strange: 0,
      other: 0,
    }),
    strangest: () => [],
  };
}
