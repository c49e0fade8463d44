/**
 * What went wrong, on one line, for logs and answers: the error's message, and that of what caused
 * it.
 */
export function faultText(fault: unknown): string {
  if (!(fault instanceof Error)) return String(fault);
  return fault.cause instanceof Error ? `${fault.message}: ${fault.cause.message}` : fault.message;
}
