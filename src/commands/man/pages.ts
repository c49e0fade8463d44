/**
 * The manual pages: postern(1), one page for each command, and postern.toml(5). They are made from
 * the same commands, options and settings as `--help`, so they cannot say anything else. Pure.
 */
import type { Argument, Command, Option } from 'commander';
import { schema, settings } from '../../config/schema.ts';
import { version } from '../../version.ts';
import { home, installedHome } from '../guard/run-file.ts';
import { type HelpParts, helpParts } from '../terminal/help.ts';
import {
  bold,
  entry,
  escaped,
  heading,
  literal,
  paragraph,
  quoted,
  subheading,
  tidied,
} from './roff.ts';

export type ManPage = {
  /** `postern-held`. */
  readonly name: string;
  readonly section: 1 | 5;
  readonly text: string;
};

/** The first line of each page. `postern install` knows its own files by it. */
export const manMark = '.\\" Made by Postern from the help of its commands.\n';

/** Characters of a default that fits beside the name of its setting. */
const shortMax = 30;
const settingsName = 'postern.toml';

/** All pages. `whole`: the program with every command. */
export function manPages(whole: Command): readonly ManPage[] {
  const pages = [programPage(whole), ...whole.commands.map(commandPage), settingsPage()];
  return pages.map((page) => ({ ...page, text: tidied(page.text) }));
}

/** `held`, `postern-held`, `postern` or `postern.toml`; undefined if there is no such page. */
export function pageNamed(pages: readonly ManPage[], name: string): ManPage | undefined {
  return pages.find((page) => page.name === name || page.name === `postern-${name}`);
}

type Head = { readonly name: string; readonly section: 1 | 5; readonly about: string };

/** A date would make the same page another file on another day. */
function head({ name, section, about }: Head): string {
  const title = `.TH ${quoted(name.toUpperCase())} ${section} "" ${quoted(`Postern ${version}`)}`;
  const line = `${escaped(name)} \\- ${escaped(about)}`;
  return `${manMark}${title} "Postern"\n.nh\n.ad l\n${heading('Name')}${line}\n`;
}

function programPage(program: Command): ManPage {
  const name = 'postern';
  let text = head({ name, section: 1, about: 'a gate for outgoing mail' });
  text += heading('Synopsis');
  text += `${bold('postern')} ${escaped('COMMAND [options]')}\n.br\n${bold('postern --version')}\n`;
  text += heading('Description') + paragraph(program.description());
  text += paragraph('Each command has a page of its own, such as postern-status(1).');
  text += heading('Commands');
  for (const command of program.commands) text += entry(command.name(), command.summary());
  text += below(partsOf(program), heading);
  const others = program.commands.map((command) => `postern-${command.name()}(1)`);
  text += seeAlso(['postern.toml(5)', ...others]);
  return { name, section: 1, text };
}

function commandPage(command: Command): ManPage {
  const name = `postern-${command.name()}`;
  const leaves = leavesOf(command, []);
  let text = head({ name, section: 1, about: command.summary() });
  text += heading('Synopsis');
  const lines = leaves.map(
    ({ words, leaf }) => `${bold(words.join(' '))} ${escaped(leaf.usage())}\n`,
  );
  text += lines.join('.br\n');
  text += heading('Description') + paragraph(command.description());
  if (command.commands.length === 0) {
    text += optionsOf(command, heading);
    text += below(partsOf(command), heading);
  } else {
    text += heading('Commands');
    for (const { words, leaf } of leaves) {
      text += subheading(words.join(' ')) + paragraph(leaf.description());
      text += optionsOf(leaf, inner) + below(partsOf(leaf), inner);
    }
  }
  text += seeAlso(['postern(1)', 'postern.toml(5)']);
  return { name, section: 1, text };
}

/** A title within a subsection. */
function inner(title: string): string {
  return `.PP\n${bold(`${title}:`)}\n`;
}

type Leaf = { readonly words: readonly string[]; readonly leaf: Command };

/** The commands that can be typed. One with others below it can be, if it has options. */
function leavesOf(command: Command, above: readonly string[]): readonly Leaf[] {
  const words = [...(above.length === 0 ? ['postern'] : above), command.name()];
  const isTyped = command.commands.length === 0 || command.options.some(({ hidden }) => !hidden);
  const below = command.commands.flatMap((sub) => leavesOf(sub, words));
  return isTyped ? [{ words, leaf: command }, ...below] : below;
}

type Title = (title: string) => string;

function optionsOf(command: Command, title: Title): string {
  const given = command.registeredArguments.filter(({ description }) => description !== '');
  const options = command.options.filter(({ hidden }) => !hidden);
  let text = given.length === 0 ? '' : title('Arguments');
  for (const argument of given) text += entry(argument.name(), argumentText(argument));
  if (options.length > 0) text += title('Options');
  for (const option of options) text += entry(option.flags, optionText(option));
  return text;
}

function argumentText({ description, defaultValue }: Argument): string {
  return withDefault(description, defaultValue, undefined);
}

function optionText({ argChoices, defaultValue, defaultValueDescription, description }: Option) {
  const choices = argChoices === undefined ? '' : ` (choices: ${argChoices.join(', ')})`;
  return withDefault(`${description}${choices}`, defaultValue, defaultValueDescription);
}

function withDefault(text: string, value: unknown, words: string | undefined): string {
  if (words !== undefined) return `${text} (default: ${words})`;
  const isSaid = ['string', 'number'].includes(typeof value);
  return ofAnyMachine(isSaid ? `${text} (default: ${value})` : text);
}

/** What stands below the options of the help. */
function partsOf(command: Command): HelpParts {
  let text = '';
  command.configureOutput({
    writeOut(part) {
      text += part;
    },
  });
  command.outputHelp();
  const above = command.helpInformation();
  return helpParts(ofAnyMachine(text.slice(text.indexOf(above) + above.length)));
}

/** A default may lie in the folder that this program runs from. */
function ofAnyMachine(text: string): string {
  return text.replaceAll(home, installedHome);
}

const titles: Readonly<Record<string, string>> = { 'Exit codes': 'Exit status' };

function below({ notes, sections }: HelpParts, title: Title): string {
  let text = notes.length > 0 && title === heading ? heading('Notes') : '';
  for (const note of notes) text += /^\s/m.test(note) ? literal(note) : paragraph(note);
  for (const { title: name, lines } of sections) {
    text += title(titles[name] ?? name);
    for (const [left, right] of lines) text += entry(left, right);
  }
  return text;
}

function seeAlso(names: readonly string[]): string {
  const [last = '', ...others] = names.toReversed();
  const lines = others.toReversed().map((name) => `${reference(name)},\n`);
  return `${heading('See also')}${lines.join('')}${reference(last)}\n`;
}

/** `postern-held(1)`, with its name in bold. */
function reference(name: string): string {
  const [, page = name, section = ''] = /^(.*)(\(\d\))$/.exec(name) ?? [];
  return `${bold(page)}${section}`;
}

function settingsPage(): ManPage {
  const name = settingsName;
  let text = head({ name, section: 5, about: 'settings of Postern' });
  text += heading('Synopsis') + escaped('/etc/postern/postern.toml\n').trim();
  text += `\n${heading('Description')}`;
  text += paragraph(
    'Postern reads one TOML file. Every setting has a default. Durations are text such as ' +
      '"90s", "1h" or "14d". postern config check says what is wrong with a file; postern ' +
      'config show says which settings are in force and why. After a change, run ' +
      'systemctl reload postern.',
  );
  text += heading('Settings');
  let section = '';
  for (const { key, value, about } of settings(schema.parse({}))) {
    const dot = key.lastIndexOf('.');
    const table = key.slice(0, Math.max(dot, 0));
    if (table !== section) text += subheading(`[${table}]`);
    section = table;
    const name = key.slice(dot + 1);
    text +=
      value.length > shortMax
        ? entry(name, `${about} Default: ${value.replaceAll(',', ', ')}`)
        : entry(`${name} = ${value}`, about);
  }
  text += seeAlso(['postern-config(1)', 'postern(1)']);
  return { name, section: 5, text };
}
