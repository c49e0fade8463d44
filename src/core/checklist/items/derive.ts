/**
 * Makes the items of the checklist from findings. An item has the state of its worst finding;
 * nothing is judged a second time here. Pure.
 */
import type { Finding } from '../../finding.ts';
import type { ChecklistItem, ItemState } from './item.ts';
import {
  claimants,
  type Measure,
  type MeasureCommand,
  type Need,
  namesFinding,
  type SourceName,
} from './measure.ts';
import { itemStates } from './order.ts';

export type SeenFinding = Finding & {
  /** The state, where the kind does not say it: what is wrong was never there. */
  readonly state?: ItemState;
  /** When what was found breaks. */
  readonly due?: NonNullable<ChecklistItem['due']>;
  /** The command that helps, where that depends on what was found. */
  readonly command?: MeasureCommand;
};

export type Evidence = {
  readonly findings: readonly SeenFinding[];
  /** Sources that could not be read, and why. */
  readonly unread: ReadonlyMap<SourceName, string>;
};

/** Findings that an item names; more are counted. */
const namedMax = 3;

/** `print`: how the operator types a command. */
export function derived(
  measures: readonly Measure[],
  evidence: Evidence,
  print: (command: MeasureCommand) => string,
): readonly ChecklistItem[] {
  const { others, own } = sorted(measures, evidence.findings);
  const items = measures.map((measure) =>
    itemOf(measure, own.get(measure.id) ?? [], { evidence, print }),
  );
  return [...items, ...others.map(unclaimed)];
}

function sorted(
  measures: readonly Measure[],
  findings: readonly SeenFinding[],
): { readonly own: Map<string, SeenFinding[]>; readonly others: readonly SeenFinding[] } {
  const own = new Map<string, SeenFinding[]>();
  const others: SeenFinding[] = [];
  for (const finding of findings) {
    const [measure] = claimants(measures, finding.id);
    if (measure === undefined) others.push(finding);
    else own.set(measure.id, [...(own.get(measure.id) ?? []), finding]);
  }
  return { own, others };
}

type DeriveContext = {
  readonly evidence: Evidence;
  readonly print: (command: MeasureCommand) => string;
};

function itemOf(
  measure: Measure,
  findings: readonly SeenFinding[],
  { evidence, print }: DeriveContext,
): ChecklistItem {
  const { id, title, effort, cost, effect, requiredBy, follows } = measure;
  const fixed = { id, title, effort, cost, effect, requiredBy };
  const more = follows === undefined ? {} : { follows };
  const judged = findings.length > 0 ? ofFindings(measure, findings) : absent(measure, evidence);
  const helps = measure.commandWhile ?? judged.state;
  const isOpen = judged.state === 'missing' || judged.state === 'broken';
  const own = findings.find((one) => one.command !== undefined)?.command;
  const offered = isOpen && helps === judged.state ? (own ?? measure.command) : undefined;
  const command = offered === undefined ? '' : print(offered);
  const due = findings.flatMap((one) => one.due ?? []).toSorted((a, b) => a.at - b.at)[0];
  return { ...fixed, ...judged, command, ...more, ...(due === undefined ? {} : { due }) };
}

type Judged = Pick<ChecklistItem, 'state' | 'found' | 'fix'>;

function ofFindings(measure: Measure, findings: readonly SeenFinding[]): Judged {
  const inPart = findings.some(({ kind }) => kind === 'ok');
  const rated = findings.map((finding) => ({
    finding,
    state: stateOf(measure, finding, inPart),
  }));
  const state = itemStates.find((one) => rated.some((each) => each.state === one)) ?? 'unknown';
  const shown = rated.filter((one) => one.state === state).map(({ finding }) => finding);
  const [first] = shown;
  return { state, found: foundText(shown), fix: state === 'done' ? '' : (first?.fix ?? '') };
}

function stateOf(measure: Measure, { kind, state }: SeenFinding, inPart: boolean): ItemState {
  if (state !== undefined) return state;
  if (kind === 'ok') return 'done';
  if (kind === 'unknown') return 'unknown';
  if (kind === 'warn') return measure.warning ?? 'missing';
  return measure.neverThere === true && !inPart ? 'missing' : 'broken';
}

function foundText(findings: readonly SeenFinding[]): string {
  if (findings.length === 1) return findings[0]?.found ?? '';
  const some = findings.slice(0, namedMax).map(({ found, title }) => `${title}: ${found}`);
  const rest = findings.length - some.length;
  return `${some.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
}

function absent({ absent: usual, source }: Measure, evidence: Evidence): Judged {
  const unread = evidence.unread.get(source);
  if (unread !== undefined) {
    const fix = /\bEACCES\b/.test(unread) ? 'run this as root' : '';
    return { state: 'unknown', found: unread, fix };
  }
  const why = usual.needs === undefined ? undefined : lacking(usual.needs, evidence);
  if (why !== undefined) return { state: 'unknown', fix: '', ...why };
  return { state: usual.state, found: usual.found, fix: usual.fix ?? '' };
}

type Lacking = { readonly found: string; readonly fix?: string };

/** Why nothing is known; undefined if what is needed is there. */
function lacking(need: Need, { findings, unread }: Evidence): Lacking | undefined {
  const has = (pattern: string): SeenFinding | undefined =>
    findings.find(({ id }) => namesFinding(pattern, id));
  if (need === 'guard') {
    const alive = has('daemon.alive');
    if (alive?.kind === 'ok') return undefined;
    if (alive?.state === 'unknown') return { found: alive.found, fix: alive.fix };
    return { found: 'the guard does not run, or does not answer' };
  }
  if (need === 'postfix') {
    if (has('postfix.*.milter') ?? has('postfix.smtpd')) return undefined;
    const { found = 'there is no Postfix to read', fix = '' } = has('postfix') ?? {};
    return { found, fix };
  }
  if (need === 'reflection') {
    if (has('reflection.*') !== undefined) return undefined;
    const { found = 'there is no Postfix to read', fix = '' } = has('reflection') ?? {};
    return { found, fix };
  }
  if (need === 'probe') {
    return { found: unread.get('probe') ?? 'no probe was made', fix: 'postern probe' };
  }
  if (need === 'silent') {
    return (has('domain') ?? has('silent.*')) ? undefined : { found: noDomain };
  }
  return has('domain') === undefined ? { found: noDomain, fix: nameDomain } : undefined;
}

const noDomain = 'no domain of this server is known yet';
const nameDomain =
  'set accounts.default_domain in postern.toml, make a DKIM key, or name it: --domain NAME';

/** Something that no measure claims is shown all the same. */
function unclaimed(finding: SeenFinding): ChecklistItem {
  const { found, fix, kind, title } = finding;
  const state: ItemState =
    kind === 'ok'
      ? 'done'
      : kind === 'unknown'
        ? 'unknown'
        : kind === 'fail'
          ? 'broken'
          : 'missing';
  return {
    id: `other.${finding.id}`,
    title,
    state,
    effort: 'hours',
    cost: 'free',
    effect: 'As its fix says.',
    requiredBy: [],
    found,
    fix,
    command: '',
  };
}
