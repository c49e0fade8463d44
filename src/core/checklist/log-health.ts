/** What is wrong with a mail log, in sentences. The guard says them, doctor finds them. Pure. */

/** Each sentence begins with this. */
const begin = 'Mail log:';

export function isLogTrouble(trouble: string): boolean {
  return trouble.startsWith(begin);
}

/** `unread`: the names of logs that cannot be read. */
export function goneText(reading: number, wanted: number, unread: readonly string[]): string {
  const not = unread.length === 0 ? '' : `, not ${unread.join(', ')}`;
  return (
    `${begin} ${reading} of ${wanted} can be read${not}. Postern does not see what becomes of ` +
    'mail. Mail is not affected. Run `postern doctor`'
  );
}

/** `minutes`: since the first of these messages. */
export function silentText(messages: number, minutes: number): string {
  return (
    `${begin} no new line for ${minutes} minutes, although ${messages} ` +
    `${messages === 1 ? 'message' : 'messages'} came in. Postern does not see what becomes of ` +
    'mail. Mail is not affected. Check that the syslog service runs; if Postfix runs on another ' +
    'machine, set mail_log.source = "off"'
  );
}

export function awayText(log: string): string {
  return `${begin} ${log} was moved or removed, and nothing writes a new one`;
}

export function lostText(lines: number, source: string): string {
  return (
    `${begin} ${source} dropped ${lines} ${lines === 1 ? 'line' : 'lines'} within an hour. ` +
    'Postern does not see what became of some mail. Mail is not affected. Let the service log ' +
    'more: RateLimitBurst= in journald.conf, RateLimit.Burst in rsyslog.conf'
  );
}
