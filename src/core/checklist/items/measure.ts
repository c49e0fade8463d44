/**
 * What the checklist knows of a measure before anything is looked at: which findings show it, what
 * it takes, and the command that puts it in place. Pure.
 */
import type { ChecklistItem, ItemState } from './item.ts';

/** What is read, each on its own, so that one that fails hides only its own items. */
export type SourceName =
  | 'guard'
  | 'postfix'
  | 'filters'
  | 'reflection'
  | 'logins'
  | 'doors'
  | 'tools'
  | 'dovecot'
  | 'log'
  | 'bypass'
  | 'providers'
  | 'keys'
  | 'authors'
  | 'scripts'
  | 'scanners'
  | 'notices'
  | 'passwords'
  | 'node'
  | 'disk'
  | 'clock'
  | 'settings'
  | 'outgoing'
  | 'addresses'
  | 'certificate'
  | 'bulk'
  | 'dns'
  | 'probe';

/** A command of Postern, or of Postfix (postconf). */
export type MeasureCommand =
  | {
      readonly words: readonly string[];
      readonly root: boolean;
      /** It runs only from an installed Postern. */
      readonly installed?: true;
      /** It changes the configuration, so there must be one. */
      readonly configured?: true;
      /** It changes Postfix, which must be installed first. */
      readonly postfix?: true;
    }
  /** A setting of main.cf, and a reload. */
  | { readonly postconf: string }
  /** Starts the guard. */
  | { readonly starts: true };

/** Without what nothing is known about an item. */
export type Need = 'guard' | 'postfix' | 'reflection' | 'dns' | 'senders' | 'silent' | 'probe';

export type Measure = Pick<
  ChecklistItem,
  'id' | 'title' | 'effort' | 'cost' | 'effect' | 'requiredBy' | 'follows'
> & {
  /** The source of its findings. */
  readonly source: SourceName;
  /** Ids of its findings; `*` is any part of an id. */
  readonly findings: readonly string[];
  /** The state if its source has no finding about it. */
  readonly absent: {
    readonly state: ItemState;
    readonly found: string;
    readonly fix?: string;
    readonly needs?: Need;
  };
  /** The state of a warning, without which it is `missing`. */
  readonly warning?: ItemState;
  /** A failure means that it was never there, unless some part is in place. */
  readonly neverThere?: true;
  /** Undefined: no command can. */
  readonly command?: MeasureCommand;
  /** The command helps in this state only; without: while it is missing or broken. */
  readonly commandWhile?: ItemState;
};

/** Does this pattern name this finding? */
export function namesFinding(pattern: string, id: string): boolean {
  if (!pattern.includes('*')) return pattern === id;
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`, 's').test(id);
}

/** The measures that claim a finding: by its id, else by the longest pattern that names it. */
export function claimants(measures: readonly Measure[], id: string): readonly Measure[] {
  const named = measures.flatMap((measure) =>
    measure.findings
      .filter((pattern) => namesFinding(pattern, id))
      .map((pattern) => ({ measure, length: pattern === id ? Infinity : pattern.length })),
  );
  const longest = Math.max(...named.map(({ length }) => length));
  return named.filter(({ length }) => length === longest).map(({ measure }) => measure);
}
