/** Turns the configuration into settings of the flows, and tells which changes need a restart. */
import { parseDuration } from '../../config/duration.ts';
import type { Config } from '../../config/schema.ts';
import { enforcementOf } from '../../core/enforcement/enforcement.ts';
import type { Settings } from '../../flow/settings.ts';

/** Without the seed, which the ledger has. */
export function settingsOf({
  contact,
  enforce,
  ledger,
  mode,
  suspension,
}: Config): Omit<Settings, 'seed'> {
  return {
    mode,
    enforce,
    enforced: enforcementOf(enforce),
    contact,
    whenFailing: ledger.when_failing,
    calmAfterMs: duration(suspension.held_calm_after),
    releaseAfterMs: duration(suspension.release_after),
    automaticReleasesMax: suspension.automatic_releases_max,
  };
}

/** The milliseconds of a duration; `never` is 0. */
export function duration(text: string): number {
  return text === 'never' ? 0 : (parseDuration(text) ?? 0);
}

/** The changed settings that are read only at the start. */
export function needRestart(before: Config, after: Config): readonly string[] {
  const doors = ['host', 'doors', 'accounts', 'notices', 'mail_log', 'webmail', 'log'] as const;
  const parts = [...doors, 'postfix', 'dovecot', 'dns', 'verify'] as const;
  const folder = before.signing.keys_folder !== after.signing.keys_folder;
  const ttl = before.signing.probation.ttl !== after.signing.probation.ttl;
  return [
    ...parts.filter((part) => JSON.stringify(before[part]) !== JSON.stringify(after[part])),
    ...(folder ? ['signing.keys_folder'] : []),
    ...(ttl ? ['signing.probation.ttl'] : []),
  ];
}
