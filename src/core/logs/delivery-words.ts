/** What Exim and OpenSMTPD say of a delivery in the same words. Pure, never throws. */

/** Days, hours, minutes and seconds, each of which may be missing: `1d2h`, `3m4s`. */
export function delaySeconds(found: RegExpExecArray | null): number {
  const [, days = 0, hours = 0, minutes = 0, rest = 0] = found ?? [];
  return Number(days) * 86_400 + Number(hours) * 3_600 + Number(minutes) * 60 + Number(rest);
}

/** Whether a server with this address is on the machine that wrote the line. */
export function isHere(address: string): boolean {
  return /^(?:127\.|::1$)/.test(address);
}
