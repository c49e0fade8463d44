/**
 * Writes docs/reference from the code: settings, commands, metrics, errors, log events, the guard's
 * numbers. `make docs` runs this script; test/reference.test.ts fails if the pages differ from the
 * code.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { commandNames, openProgram, runCommandLine } from '../src/commands/program.ts';
import { schema, settings } from '../src/config/schema.ts';
import { metrics } from '../src/core/metrics/metrics.ts';
import { usualCommand } from '../src/core/own-command.ts';
import { sysexits } from '../src/lib/operator-error.ts';
import { alerts, rulesFile } from './alerts.ts';
import { dashboardFile } from './dashboard.ts';
import { eventMeanings, faultMeanings } from './event-meanings.ts';
import { guardNumbersPage } from './guard-numbers.ts';
import { callsOf, literalsOf } from './source-scan.ts';

const home = resolve(import.meta.dirname, '..');
const folder = join(home, 'docs/reference');

/** Each page of docs/reference: its file name and its text. */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['config.md', configPage()],
    ['commands.md', await commandsPage()],
    ['metrics.md', metricsPage()],
    ['errors.md', errorsPage()],
    ['log-events.md', logEventsPage()],
    ['guard-numbers.md', guardNumbersPage(made)],
  ]);
}

/** Files for other programs that are made from the code: path in the project and text. */
export function monitoringFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['packaging/prometheus/postern.rules.yml', rulesFile()],
    ['packaging/grafana/postern.json', dashboardFile()],
  ]);
}

const made = '\n<!-- Made from the code by `make docs`. -->\n';

function configPage(): string {
  let text = `# Settings

Postern reads one TOML file; \`postern install\` puts it at \`/etc/postern/postern.toml\`. Every
setting has a default. Durations are text such as \`"90s"\`, \`"1h"\` or \`"14d"\`.
\`postern config check\` says what is wrong with a file; \`postern config show\` says which settings
are in force and why. After a change, run \`systemctl reload postern\`. Some settings are read only
at the start (host, doors, accounts, notices, postfix, dovecot, mail_log, log). If one of them
changed, the log line \`config.reloaded\` names it, and Postern needs a restart.
${made}`;
  let section: string | undefined;
  for (const { key, value, about } of settings(schema.parse({}))) {
    const dot = key.lastIndexOf('.');
    const table = key.slice(0, Math.max(dot, 0));
    if (table !== section) {
      const title = table === '' ? 'Top of the file' : `[${table}]`;
      text += `\n## ${title}\n\n| setting | default | what it is for |\n|---|---|---|\n`;
      section = table;
    }
    text += `| \`${key.slice(dot + 1)}\` | \`${cell(value)}\` | ${cell(about)} |\n`;
  }
  return text;
}

async function commandsPage(): Promise<string> {
  let text = `# Commands

The output of \`postern COMMAND --help\`. The program is \`./postern\` in a checkout, and
\`postern\` when it is installed.
${made}`;
  text += await helpBlock([]);
  for (const name of commandNames) {
    const program = await openProgram([name], { out: () => {}, err: () => {} });
    for (const command of program.commands) text += await helpBlocks(command, []);
  }
  return text;
}

async function helpBlocks(command: Command, above: readonly string[]): Promise<string> {
  const words = [...above, command.name()];
  let text = await helpBlock(words);
  for (const sub of command.commands) text += await helpBlocks(sub, words);
  return text;
}

async function helpBlock(words: readonly string[]): Promise<string> {
  let help = '';
  const take = (text: string): void => {
    help += text;
  };
  await runCommandLine([...words, '--help'], { out: take, err: take }, usualCommand);
  const title = ['postern', ...words].join(' ');
  return `\n## ${title}\n\n\`\`\`text\n${help.replaceAll(home, '.').trim()}\n\`\`\`\n`;
}

function metricsPage(): string {
  const rows = metrics.map(({ name, kind, label, secondLabel, values, help }) => {
    const names = [label, secondLabel].filter((one) => one !== undefined);
    const shown = names.map((one) => `\`${one}\``).join(', ');
    const labels = values === undefined ? shown : `${shown}: ${values.join(', ')}`;
    return `| \`${name}\` | ${kind} | ${labels} | ${cell(help)} |\n`;
  });
  const alertRows = alerts.map(
    ({ action, expr, for: time, name, summary }) =>
      `| ${name} | \`${cell(expr)}\` for ${time} | ${cell(`${summary}. ${action}`)} |\n`,
  );
  return `# Metrics

\`/metrics\` of the HTTP door answers in the OpenMetrics text format. No label contains an account,
an address or a subject. It needs a token, also on loopback: the file \`metrics-token\` in the state
folder has one that opens nothing else ([how Prometheus gets it](../operate.md#what-to-watch)).
\`/health\` answers 200 while everything works, else 503; the reason is shown only with the token of
the status page.
${made}
| metric | kind | label | what it counts |
|---|---|---|---|
${rows.join('')}
## Alerts

These are the rules of \`packaging/prometheus/postern.rules.yml\`.
\`packaging/grafana/postern.json\` is a dashboard of the same numbers
([how to use both](../operate.md#what-to-watch)).

| alert | when | what it means, and what to do |
|---|---|---|
${alertRows.join('')}`;
}

function errorsPage(): string {
  const rows = callsOf(home, /new OperatorError\(/g).map(({ args }) => {
    const [code = '', message = '', more = ''] = args;
    return {
      code: literalsOf(code)[0] ?? '',
      exit: exitOf(more),
      says: literalsOf(message).at(0) ?? '(a message of its own that names the cause)',
      hint: hintOf(more),
    };
  });
  rows.sort((one, other) => order(one.code, other.code) || order(one.says, other.says));
  const lines = rows.map(
    ({ code, exit, says, hint }) => `| \`${code}\` | ${exit} | ${cell(says)} | ${cell(hint)} |\n`,
  );
  const names = Object.entries(sysexits).map(([name, value]) => `${value} ${name}`);
  return `# Errors

The meaning of \`postern: …\` on standard error, and what to do. The codes are for programs and bug
reports, and do not change. \`…\` is filled in at run time; a cause may follow. The exit codes are
those of sysexits(3): ${names.join(', ')}.
${made}
| code | exit | it says | what to do |
|---|---|---|---|
${[...new Set(lines)].join('')}`;
}

function exitOf(more: string): string {
  const found = /\bexit(?::\s*(?:\w+ \?\? )?(?:sysexits\.(\w+)|(\d+)))?/.exec(more);
  const name = found?.[1] as keyof typeof sysexits | undefined;
  if (name !== undefined) return String(sysexits[name]);
  return found?.[2] ?? String(sysexits.software);
}

function hintOf(more: string): string {
  const at = more.search(/\bhint:/);
  if (at < 0) return '';
  const rest = more.slice(at).replace(/,\s*(?:exit|cause):?[\s\S]*$/, '');
  return literalsOf(rest)
    .filter((text) => text !== 'EACCES')
    .join(' ')
    .replace(/ {2,}/g, ' ');
}

type LogEvent = { readonly event: string; readonly level: string; readonly fields: string };

/** Lists every event that the code writes, with its level and fields. */
export function logEvents(): readonly LogEvent[] {
  const found: LogEvent[] = [];
  for (const { args } of callsOf(home, /\blog\(/g)) {
    const [level = '', event = '', fields = ''] = args;
    const levels = literalsOf(level);
    const events = literalsOf(event).filter((text) => /^[a-z]+\.[a-z-]+$/.test(text));
    for (const [nth, name] of events.entries()) {
      found.push({ event: name, level: levels[nth] ?? levels[0] ?? '', fields: keysOf(fields) });
    }
  }
  for (const { args } of callsOf(home, /\bfaultLog\((?=')/g)) {
    const [door = ''] = literalsOf(args[0] ?? '');
    for (const kind of faultKinds()) {
      const level = kind === 'bug' ? 'error' : 'warn';
      found.push({ event: `${door}.${kind}`, level, fields: 'peer, what, leftOut' });
    }
  }
  return found.sort((one, other) => order(one.event, other.event));
}

function faultKinds(): readonly string[] {
  const text = readFileSync(join(home, 'src/lib/listener.ts'), 'utf8');
  return literalsOf(/export type ListenerFault = ([^;]+);/.exec(text)?.[1] ?? '');
}

/** The meaning of an event; undefined if event-meanings.ts does not have it. */
export function meaningOf(event: string): string | undefined {
  const [, kind = ''] = event.split('.');
  return eventMeanings[event] ?? faultMeanings[kind];
}

function keysOf(fields: string): string {
  const keys = [...fields.matchAll(/(?:[{,]\s*)(\.\.\.[\w.]+|\w+)/g)].map(
    (match) => match[1] ?? '',
  );
  return keys.map((key) => (key === '...daemon.doors' ? 'milter, policy, http' : key)).join(', ');
}

function logEventsPage(): string {
  const lines = logEvents().map(
    ({ event, level, fields }) =>
      `| \`${event}\` | ${level} | ${fields} | ${cell(meaningOf(event) ?? '')} |\n`,
  );
  return `# Log events

Postern logs one JSON object a line to standard error (with systemd:
\`journalctl -u postern -o cat\`), with \`level\`, \`time\`, \`event\` and further fields. No line
contains a body, a password, a token or a whole recipient list. \`log.level\` sets the lowest level
that is written. Faults of a door are written at most ten times a minute for each kind; \`leftOut\`
counts those that were not written.
${made}
| event | level | fields | meaning |
|---|---|---|---|
${[...new Set(lines)].join('')}`;
}

/** Escapes text for a cell of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

if (import.meta.main) {
  for (const [name, text] of await referencePages()) {
    writeFileSync(join(folder, name), text);
    process.stdout.write(`docs/reference/${name}\n`);
  }
  for (const [path, text] of monitoringFiles()) {
    writeFileSync(join(home, path), text);
    process.stdout.write(`${path}\n`);
  }
}
