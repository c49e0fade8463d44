/**
 * Writes docs/reference from the code: settings, commands, metrics, errors, log events, the guard's
 * numbers. `make docs` runs it; test/reference.test.ts fails while the pages differ from what the
 * code gives.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { commandNames, openProgram, runCommandLine } from '../src/commands/program.ts';
import { schema, settings } from '../src/config/schema.ts';
import { metrics } from '../src/core/metrics/metrics.ts';
import { sysexits } from '../src/lib/operator-error.ts';
import { eventMeanings, faultMeanings } from './event-meanings.ts';
import { guardNumbersPage } from './guard-numbers.ts';
import { callsOf, literalsOf } from './source-scan.ts';

const home = resolve(import.meta.dirname, '..');
const folder = join(home, 'docs/reference');

/** File name in docs/reference, and its text. */
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

const made = '\n<!-- Made from the code by `make docs`. -->\n';

function configPage(): string {
  let text = `# Settings

One TOML file; \`postern install\` puts it at \`/etc/postern/postern.toml\`. Every setting has a default. Durations are text
such as \`"90s"\`, \`"1h"\` or \`"14d"\`. \`postern config check\` says what is wrong with a file, \`postern config show\` what is
in force and why. After a change: \`systemctl reload postern\`. What is read only at the start (host, doors, accounts,
notices, postfix, dovecot, mail_log, log) is named in the log line \`config.reloaded\` and wants a restart.
${made}`;
  let section: string | undefined;
  for (const { key, value, about } of settings(schema.parse({}))) {
    const dot = key.lastIndexOf('.');
    const table = key.slice(0, Math.max(dot, 0));
    if (table !== section) {
      text += `\n## ${table === '' ? 'Top of the file' : `[${table}]`}\n\n| setting | default | what it is for |\n|---|---|---|\n`;
      section = table;
    }
    text += `| \`${key.slice(dot + 1)}\` | \`${cell(value)}\` | ${cell(about)} |\n`;
  }
  return text;
}

async function commandsPage(): Promise<string> {
  let text = `# Commands

What \`postern COMMAND --help\` says. In a checkout the program is \`./postern\`; installed, it is \`postern\`.
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
  await runCommandLine([...words, '--help'], { out: take, err: take });
  const title = ['postern', ...words].join(' ');
  return `\n## ${title}\n\n\`\`\`text\n${help.replaceAll(home, '.').trim()}\n\`\`\`\n`;
}

function metricsPage(): string {
  const rows = metrics.map(({ name, kind, label, values, help }) => {
    const labels =
      label === undefined ? '' : `\`${label}\`${values ? `: ${values.join(', ')}` : ''}`;
    return `| \`${name}\` | ${kind} | ${labels} | ${cell(help)} |\n`;
  });
  return `# Metrics

\`/metrics\` of the HTTP door, in the OpenMetrics text format. No label carries an account, an address or a subject. On
loopback it is open; on another address it wants the token as a bearer. \`/health\` answers 200 while the guard runs and
its ledger takes writes, else 503 with the reason.
${made}
| metric | kind | label | what it counts |
|---|---|---|---|
${rows.join('')}
## Alerts worth having

| when | what it means |
|---|---|
| \`postern_up_seconds\` is missing | Postern is down; Postfix does what \`postern_when_down\` says |
| \`postern_ledger_ok == 0\` | the disk is full or the file is gone: suspensions may not survive a restart |
| \`increase(postern_suspensions_total[5m]) > 0\` | an account was suspended; the notice tells which |
| \`increase(postern_notices_total{outcome=~"retried|failed"}[1h]) > 0\` | a road by which you are told does not work |
| \`increase(postern_verdicts_total{verdict="pass"}[1h]) == 0\` by day | Postfix may have lost the guard: \`postern doctor\` |
`;
}

function errorsPage(): string {
  const rows = callsOf(home, /new OperatorError\(/g).map(({ args }) => {
    const [code = '', message = '', more = ''] = args;
    return {
      code: literalsOf(code)[0] ?? '',
      exit: exitOf(more),
      says: literalsOf(message).at(0) ?? '(its own words, which name the thing)',
      hint: hintOf(more),
    };
  });
  rows.sort((one, other) => order(one.code, other.code) || order(one.says, other.says));
  const lines = rows.map(
    ({ code, exit, says, hint }) => `| \`${code}\` | ${exit} | ${cell(says)} | ${cell(hint)} |\n`,
  );
  const names = Object.entries(sysexits).map(([name, value]) => `${value} ${name}`);
  return `# Errors

What \`postern: …\` on standard error means, and what to do. The codes are for programs and
reports of faults, and stay the same. \`…\` stands for what is put in at run time; a cause may follow. Exit codes are
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

/** Every event that the code writes, with its level and fields. */
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

/** What an event means; undefined for one that nobody wrote a sentence for. */
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

The log is a JSON object a line on standard error (with systemd: \`journalctl -u postern -o cat\`): \`level\`, \`time\` and
\`event\`, then fields. No line holds a body, a password, a token or a whole recipient list. \`log.level\` sets how much is
written. A door's own trouble is written ten times a minute and kind at most; \`leftOut\` says how often it was not.
${made}
| event | level | fields | meaning |
|---|---|---|---|
${[...new Set(lines)].join('')}`;
}

/** Fit for a cell of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

const order = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

if (import.meta.main) {
  for (const [name, text] of await referencePages()) {
    writeFileSync(join(folder, name), text);
    process.stdout.write(`docs/reference/${name}\n`);
  }
}
