/** Users whose mail is that of websites. Pure. */

/** `patterns`: names; with a * at its end, one is for all whose name begins so. */
export function isWebUser(name: string, patterns: readonly string[]): boolean {
  return patterns.some((one) =>
    one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : one === name,
  );
}
