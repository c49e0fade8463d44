/**
 * Describes an error on one line, for logs and answers: its message, then the message of its cause.
 */
export function faultText(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault);
  return fault.cause instanceof Error ? `${fault.message}: ${fault.cause.message}` : fault.message;
}
