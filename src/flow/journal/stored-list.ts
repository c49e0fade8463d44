/**
 * A list that the ledger keeps as JSON under a key, as it was stored. What cannot be read is left
 * out. Never throws.
 */
export function storedList<One>(
  text: string | undefined,
  isOne: (value: unknown) => value is One,
): readonly One[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.filter(isOne) : [];
  } catch {
    return [];
  }
}
