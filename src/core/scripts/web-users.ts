/** Tells which users send the mail of websites. Pure. */

/** `patterns`: names. A pattern with * at its end matches all names that begin with it. */
export function isWebUser(name: string, patterns: readonly string[]): boolean {
  return patterns.some((one) =>
    one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : one === name,
  );
}
