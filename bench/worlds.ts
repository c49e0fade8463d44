/**
 * Made hosters, honest and hijacked: what the guard stops by mistake, and what gets out. The worlds
 * are optional data, made by a tool that is no part of this project: a folder for each, with
 * `events.jsonl` and `truth.json`. POSTERN_WORLDS names the folder that has them all.
 *
 *   node bench/worlds.ts [--plain] [--details] [--explain WORD] [--json] FOLDER...
 *
 * `--plain`: without what only a gate sees that reads whole messages. `--explain drip`: each
 * message of hijacks of this style with its verdict; `--explain calm`: each honest one that did not
 * pass.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Goal, goalLines } from './figures.ts';
import { evaluateWorld } from './worlds/evaluate.ts';
import { detailsText, figuresText, worldGoals } from './worlds/figures.ts';
import { worldOf } from './worlds/truth.ts';

type WorldsFigures = { readonly goals: readonly Goal[]; readonly text: string };

/** All worlds in a folder, each with all fields and plain. Undefined: nothing is measured. */
export async function benchWorlds(options: {
  readonly worlds: string | undefined;
  readonly say: (text: string) => void;
}): Promise<WorldsFigures> {
  const { say, worlds } = options;
  if (worlds === undefined) return { goals: [], text: 'skipped: POSTERN_WORLDS is not set' };
  const folders = existsSync(worlds)
    ? readdirSync(worlds)
        .sort()
        .map((name) => join(worlds, name))
        .filter((folder) => existsSync(join(folder, 'truth.json')))
    : [];
  if (folders.length === 0) return { goals: [], text: `skipped: no worlds in ${worlds}` };
  const goals: Goal[] = [];
  const texts: string[] = [];
  for (const folder of folders) {
    for (const plain of [false, true]) {
      const name = plain ? `${basename(folder)}, plain` : basename(folder);
      say(`worlds: ${name}`);
      const figures = await evaluateWorld(worldOf(folder, plain));
      goals.push(...worldGoals(name, figures, plain));
      texts.push(`${name}\n${figuresText(figures)}`);
    }
  }
  return { goals, text: texts.join('\n\n') };
}

if (import.meta.main) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      plain: { type: 'boolean', default: false },
      details: { type: 'boolean', default: false },
      explain: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const { details, explain, json, plain } = values;
  if (positionals.length === 0) {
    console.error('worlds: name a folder with events.jsonl and truth.json');
    process.exit(64);
  }
  for (const folder of positionals) {
    const say = (text: string): void => {
      if (text.startsWith(explain ?? '')) console.log(text);
    };
    const world = worldOf(folder, plain);
    const figures = await evaluateWorld(world, explain === undefined ? undefined : say);
    const goals = worldGoals(basename(folder), figures, plain);
    if (json) console.log(JSON.stringify({ world: folder, plain, goals }));
    else console.log(`${folder}\n${figuresText(figures)}\n${goalLines(goals)}`);
    if (details) console.log(detailsText(figures));
  }
}
