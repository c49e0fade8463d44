/** What `postern check` knows of a guard: read from its metrics and from /health. Pure. */

export type CheckFacts = {
  readonly healthy: boolean;
  /** What is wrong, as /health says it; empty if this user may not know. */
  readonly why: readonly string[];
  /** Undefined: this user may not read the metrics. */
  readonly numbers: CheckNumbers | undefined;
  /** Suspended accounts by name; empty if this user may not know. */
  readonly suspendedNames: readonly string[];
};

export type CheckNumbers = {
  readonly guarding: boolean;
  readonly ledgerOk: boolean;
  readonly held: number;
  readonly heldOldestSeconds: number;
  readonly suspended: number;
  readonly watched: number;
  readonly noticesWaiting: number;
  readonly lanesBlocked: number;
  readonly lanesSlowed: number;
  readonly keysUnusable: number;
  readonly logsWanted: number;
  readonly logsReading: number;
  readonly scannersDown: readonly string[];
  readonly messages: number;
  readonly upSeconds: number;
};

type Sample = { readonly label: string; readonly value: number };

/** Undefined if the text has no metrics of Postern. */
export function numbersOf(metrics: string): CheckNumbers | undefined {
  const samples = samplesOf(metrics);
  const all = (name: string): readonly Sample[] => samples.get(`postern_${name}`) ?? [];
  const one = (name: string, label = ''): number =>
    all(name).find((sample) => sample.label === label)?.value ?? 0;
  if (all('up_seconds').length === 0) return undefined;
  return {
    guarding: one('guarding') === 1,
    ledgerOk: one('ledger_ok') === 1,
    held: one('held_messages'),
    heldOldestSeconds: one('held_oldest_seconds'),
    suspended: one('accounts', 'suspended'),
    watched: one('accounts', 'watched'),
    noticesWaiting: one('notices_waiting'),
    lanesBlocked: one('lanes', 'blocked'),
    lanesSlowed: one('lanes', 'slowed'),
    keysUnusable: one('dkim_keys_unusable'),
    logsWanted: one('mail_log_wanted'),
    logsReading: one('mail_log_reading'),
    scannersDown: all('scan_up')
      .filter(({ value }) => value === 0)
      .map(({ label }) => label),
    messages: all('verdicts_total').reduce((sum, { value }) => sum + value, 0),
    upSeconds: one('up_seconds'),
  };
}

/** By name; the label is the value of the first one, or empty. */
function samplesOf(text: string): ReadonlyMap<string, readonly Sample[]> {
  const found = new Map<string, Sample[]>();
  for (const line of text.split('\n')) {
    const match = /^([a-z_]+)(?:\{[a-z_]+="([^"\\]*)"[^}]*\})? (\S+)/.exec(line);
    if (match === null) continue;
    const [, name = '', label = '', value = ''] = match;
    const samples = found.get(name) ?? [];
    samples.push({ label, value: Number(value) });
    found.set(name, samples);
  }
  return found;
}
