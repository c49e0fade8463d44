/**
 * Gathers the items of the checklist: reads all sources at the same time, each with a deadline. A
 * source that fails makes its items unknown.
 */

import { resolve } from 'node:path';
import { readConfig } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { derived, type Evidence, type SeenFinding } from '../../core/checklist/items/derive.ts';
import type { ChecklistItem } from '../../core/checklist/items/item.ts';
import type { SourceName } from '../../core/checklist/items/measure.ts';
import { allMeasures } from '../../core/checklist/items/measures/all.ts';
import { checklistOrder } from '../../core/checklist/items/order.ts';
import { scannerFindings, settingFindings } from '../../core/checklist/items/settings.ts';
import { faultText } from '../../lib/error-text.ts';
import { type Millis, secondMs } from '../../lib/time.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { loadConfig } from '../config/load-config.ts';
import { usualConfig } from '../config/usual-config.ts';
import { type DoctorPart, doctorParts, withDenial } from '../doctor/doctor.ts';
import { forInstance } from '../doctor/instance-fix.ts';
import { probeMachine } from '../probe/probe.ts';
import { dns } from './dns-source.ts';
import { drillItems } from './drill-source.ts';
import { bulkSenders, ownKeys, settingFacts } from './guard-source.ts';
import { leaveRunning } from './left-running.ts';
import { certificate, outgoing, roleAddresses } from './mail-source.ts';
import { modernItems } from './modern/gather.ts';
import { type CommandPlace, commandPlace, commandText } from './own.ts';
import { ownItems } from './own-items.ts';

export type GatherOptions = {
  readonly state?: string;
  readonly config?: string;
  /** Postfix's configuration folder. */
  readonly configDir?: string;
  /** Domains to check besides, and instead of those that are known. */
  readonly domain?: readonly string[];
  /** False: strangers' view of the server is left out. */
  readonly probe?: boolean;
};

export type GatherWorld = {
  readonly now: Millis;
  /** Sources that are read, of all, and those that are not done. */
  readonly progress?: (done: number, all: number, open: readonly string[]) => void;
};

export type GatheredChecklist = {
  /** In order: broken first, then easy and cheap ones. */
  readonly items: readonly ChecklistItem[];
  /** Names of the sources. */
  readonly sources: readonly string[];
  readonly unread: ReadonlyMap<SourceName, string>;
  readonly notes: readonly string[];
};

/** Longest that a source may take. */
const sourceMs = 12 * secondMs;
/** Longest that the guard may take to tell its state, before all others begin. */
const statusMs = 4 * secondMs;

export async function readChecklist(
  options: GatherOptions,
  world: GatherWorld,
): Promise<GatheredChecklist> {
  const notes: string[] = [];
  const configFile = options.config ?? usualConfig();
  const { config } = readConfig(configFile);
  const place = commandPlace(options.configDir, configFile);
  const mine = ownItems(config.checklist, options.state);
  const parts = await allParts(options, world, (note) => notes.push(note));
  const open = new Set(parts.map(({ name }) => name));
  const unread = new Map<SourceName, string>();
  const tell = (): void => world.progress?.(parts.length - open.size, parts.length, [...open]);
  tell();
  const modern = modernOf(options, place, world.now);
  const drill = drillItems({
    config,
    state: options.state,
    configDir: postfixOf(options, config),
    place,
    now: world.now,
  });
  const found = await Promise.all(
    parts.map(async (part) => {
      const result = await limited(part);
      open.delete(part.name);
      tell();
      if ('findings' in result) return result.findings;
      unread.set(part.name, result.why);
      if (result.isLate) leaveRunning();
      return [];
    }),
  );
  const findings = distinct(found.flat(), options.configDir);
  const evidence: Evidence = { findings: withDenial(findings), unread };
  const known = derived(allMeasures, evidence, (command) => commandText(place, command));
  const items = [...known, ...(await drill), ...(await modern), ...(await mine)];
  const sources = parts.map(({ name }) => name);
  return { items: checklistOrder(items), sources, unread, notes };
}

/** Postfix's configuration folder; undefined: what postconf says. */
function postfixOf({ configDir }: GatherOptions, { postfix }: Config): string | undefined {
  return configDir ?? (postfix.config_directory || undefined);
}

/** Measures with a judgement of their own, without findings of doctor. */
function modernOf(
  options: GatherOptions,
  place: CommandPlace,
  now: Millis,
): Promise<readonly ChecklistItem[]> {
  const { config } = loadConfig(options.config ?? usualConfig());
  return modernItems({
    config,
    state: options.state,
    configDir: postfixOf(options, config),
    domains: options.domain ?? [],
    commands: { postconf: (setting) => commandText(place, { postconf: setting }) },
    now,
  });
}

async function allParts(
  options: GatherOptions,
  { now }: GatherWorld,
  note: (text: string) => void,
): Promise<readonly DoctorPart[]> {
  const { asked, config, configDir, parts } = await doctorParts(options, statusMs);
  const settings = settingFacts(config);
  const more: Partial<Record<SourceName, () => Promise<readonly SeenFinding[]>>> = {
    keys: () => ownKeys(config, asked, now),
    scanners: async () => scannerFindings(settings),
  };
  const extended = parts.map(({ name, run }) => {
    const also = more[name];
    if (also === undefined) return { name, run };
    return { name, run: async () => [...(await run()), ...(await also())] };
  });
  return [
    ...extended,
    { name: 'settings', run: async () => settingFindings(settings) },
    { name: 'outgoing', run: () => outgoing(configDir) },
    { name: 'addresses', run: () => roleAddresses(configDir) },
    { name: 'certificate', run: () => certificate(configDir, now) },
    { name: 'bulk', run: () => bulkSenders(asked) },
    { name: 'dns', run: () => dns(config, options, note) },
    {
      name: 'probe',
      run: async () => {
        if (options.probe === false) throw new Error('not probed (--no-probe)');
        await mustBeUsual(options.configDir);
        const deadline = AbortSignal.timeout(sourceMs - secondMs);
        const ports = { smtp: 25, submission: 587, submissions: 465 };
        return probeMachine(config, { configDir, domain: options.domain, ports, deadline });
      },
    },
  ];
}

/** Another Postfix of this machine listens at ports that only its operator knows. */
async function mustBeUsual(configDir: string | undefined): Promise<void> {
  if (configDir === undefined) return;
  const usual = await postconf('config_directory', undefined).catch(() => '');
  if (resolve(configDir) === resolve(usual)) return;
  throw new Error(`not probed: ${configDir} is not the usual Postfix; see postern probe --help`);
}

type PartResult =
  | { readonly findings: readonly SeenFinding[] }
  | { readonly why: string; readonly isLate: boolean };

async function limited({ run }: DoctorPart): Promise<PartResult> {
  const late = Promise.withResolvers<PartResult>();
  const why = `no answer within ${sourceMs / secondMs} s`;
  const timer = setTimeout(() => late.resolve({ why, isLate: true }), sourceMs);
  const work = run().then(
    (findings): PartResult => ({ findings }),
    (cause: unknown): PartResult => ({ why: faultText(cause), isLate: false }),
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Two sources may see the same thing, such as a certificate in its file and from outside. */
function distinct(
  findings: readonly SeenFinding[],
  configDir: string | undefined,
): readonly SeenFinding[] {
  const seen = new Map(findings.map((one) => [`${one.id} ${one.title} ${one.found}`, one]));
  const all = [...seen.values()];
  if (configDir === undefined) return all;
  return all.map((one) => ({ ...one, ...forInstance(one, configDir) }));
}
