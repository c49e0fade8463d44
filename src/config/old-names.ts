/**
 * Names of version 0.1 in a configuration file, which this version still reads. Pure. Each is
 * replaced by today's name before the file is checked, and reported, so that the operator can
 * change the file before the next version refuses the old name.
 */

/** Values that were renamed: of the setting `table.key`, each old value and today's. */
const renamedValues = [
  { table: 'ledger', key: 'when_failing', values: { pass: 'answer', delay: 'tempfail' } },
] as const;

/** `raw`: the file as TOML, with today's names. `oldNames`: a sentence for each that was old. */
export function withNewNames(raw: unknown): {
  readonly raw: unknown;
  readonly oldNames: readonly string[];
} {
  if (!isTable(raw)) return { raw, oldNames: [] };
  const renewed: Record<string, unknown> = { ...raw };
  const oldNames: string[] = [];
  for (const { table, key, values } of renamedValues) {
    const section = renewed[table];
    if (!isTable(section)) continue;
    const old = section[key];
    const today = Object.entries(values).find(([name]) => name === old)?.[1];
    if (today === undefined) continue;
    renewed[table] = { ...section, [key]: today };
    oldNames.push(
      `${table}.${key} = "${String(old)}" is now called "${today}"; ` +
        'the next version will not read the old name',
    );
  }
  return { raw: renewed, oldNames };
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
