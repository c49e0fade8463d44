/** `postern status`: shows what the running guard does, and the address of its status page. */
import type { Command } from 'commander';
import { isLocal } from '../core/account-name.ts';
import { wayText } from '../core/bypass.ts';
import { drillItem } from '../core/checklist/items/drill.ts';
import type { ChecklistItem } from '../core/checklist/items/item.ts';
import { megabytes } from '../core/explain.ts';
import { someOf } from '../core/finding.ts';
import { releaseCommands } from '../core/release-commands.ts';
import { authorText, mayWriteAsCommand } from '../core/unsigned-text.ts';
import { isHeldFull } from '../core/verdict.ts';
import { OperatorError } from '../lib/operator-error.ts';
import { shellWords } from '../lib/shell-words.ts';
import type { Millis } from '../lib/time.ts';
import type { EnforcingView } from '../ports/acting/enforcing.ts';
import type {
  AccountView,
  BypassView,
  IncidentView,
  ReturnView,
  StatusView,
} from '../ports/admin.ts';
import type { HeldRow } from '../ports/ledger.ts';
import { lastDrill } from './drill/last-report.ts';
import { stoppedText } from './find/incident-words.ts';
import { connectToGuard } from './guard/client.ts';
import { becomeOwnerOf } from './guard/owner.ts';
import { stateDirectory } from './guard/run-file.ts';
import { many, plain, span } from './terminal/format.ts';
import { exitCodes, helpAfter, jsonLine, stateHelp } from './terminal/help.ts';
import { print } from './terminal/print.ts';
import { clock, paint, paintState, table } from './terminal/table.ts';

/** Providers that the status names. */
const providersMax = 5;

/** The part of GET /api/overview that status shows (src/doors/http/api/overview.ts). */
export type StatusOverview = {
  readonly status: StatusView;
  readonly enforcing?: EnforcingView;
  readonly suspended: readonly {
    readonly account: AccountView;
    readonly incident?: IncidentView;
  }[];
  readonly watched: readonly AccountView[];
  readonly held: readonly HeldRow[];
};
type Options = { readonly state?: string; readonly token?: true; readonly json?: true };

export function register(program: Command): void {
  program
    .command('status')
    .summary('what the guard does right now')
    .description(
      'Shows the mode, the doors, the verdicts since the start, the accounts that are watched or ' +
        'suspended and why, how many messages are held or wait, whether the ledger takes writes, ' +
        'the address of the status page, and what is wrong with the guard (trouble).',
    )
    .option('--state <dir>', stateHelp)
    .option('--token', 'show the token in the address, even if this is not a terminal')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      helpAfter({
        examples: [
          ['postern status', 'on a terminal, the link contains the token'],
          ['postern status --json | jq .verdicts', ''],
        ],
        exits: [
          [0, 'the guard is running, and nothing is wrong with it'],
          [1, 'it is running, but its ledger takes no writes, or it shows another trouble'],
          exitCodes.notRunning,
        ],
      }),
    )
    .action(async (options: Options, command: Command) => {
      becomeOwnerOf(stateDirectory(options.state));
      const admin = await connectToGuard(options.state);
      const seen = await admin.read<StatusOverview>('/overview');
      const { status } = seen;
      const withToken =
        options.token === true || (process.stdout.isTTY && options.json === undefined);
      const { http } = admin.run.doors;
      const link = withToken ? `/?token=${encodeURIComponent(admin.run.token)}` : '/';
      const page = http === 'off' ? http : `${http}${link}`;
      const last = lastDrill(stateDirectory(options.state));
      const about = { last, hasCanary: true, now: Date.now() as Millis };
      const drill = drillItem(about, { setup: '', run: '' });
      print(
        command,
        options.json === true
          ? jsonLine({ ...status, page, drill: { state: drill.state, found: drill.found } })
          : statusText(seen, page, drill),
      );
      if (status.troubles.length > 0) process.exitCode = 1;
      if (status.ledger.state === 'ok') return;
      throw new OperatorError('ledger-failing', 'the ledger takes no writes', {
        cause: status.ledger.why,
        hint: 'free space on its disk; until then Postern answers mail as ledger.when_failing says',
        exit: 1,
      });
    });
}

/** Status as text. `page`: the address of the status page, with the token or without. */
export function statusText(
  seen: StatusOverview,
  page: string,
  drill?: Pick<ChecklistItem, 'state' | 'found'>,
): string {
  const { enforcing, status, suspended, watched } = seen;
  const { accounts, ledger, mode } = status;
  const doing = mode === 'guard' ? 'guarding' : observing(status.enforce ?? []);
  const since = `since ${clock(status.startedAt)}, ${span(status.now - status.startedAt)}`;
  const doors = Object.entries(status.doors).filter(([name]) => name !== 'http');
  const lines: (readonly [string, string])[] = [
    ...doors.map(([name, at], nth) => [nth === 0 ? 'doors' : '', `${name} ${at}`] as const),
    ...verdictLines(status),
    [
      'accounts',
      `${accounts.known} known, ${accounts.watched} watched, ${accounts.suspended} suspended` +
        (accounts.wouldBeSuspended > 0 ? `, ${accounts.wouldBeSuspended} would be` : '') +
        (accounts.exempt > 0 ? `, ${accounts.exempt} exempt` : ''),
    ],
    ...enforcingLines(enforcing),
    ...authorLines(status),
    ...heldLines(status),
    ...inboundLines(status.inbound),
    [
      'ledger',
      ledger.state === 'ok'
        ? `ok, ${ledger.path}`
        : paint('red', `takes no writes: ${ledger.why} (${ledger.path})`),
    ],
    ...bypassLines(status.bypass),
    ...returnLines(status.returns),
    ...foreignLines(status.foreign),
    ...providerLines(status.providers),
    ...drillLines(drill),
    ['page', page],
    ...status.troubles.map((why): [string, string] => ['trouble', paint('red', plain(why))]),
  ];
  const head = `Postern ${status.version} on ${status.host}: ${paint('bold', doing)} ${since}\n\n`;
  const facts = lines.map(([name, text]) => `${name.padEnd(10)}${text}\n`).join('');
  return (
    head +
    facts +
    suspendedText(suspended, accounts.suspended + (accounts.wouldBeSuspended ?? 0)) +
    watchedText(watched)
  );
}

function observing(enforce: readonly string[]): string {
  if (enforce.length === 0) return 'observing only, nothing is stopped';
  return `observing, and acting on ${plain(enforce.join(', '))} only`;
}

function verdictLines({ verdicts, observedVerdicts }: StatusView): (readonly [string, string])[] {
  const { delay, hold, pass, refuse } = verdicts;
  const lines: (readonly [string, string])[] = [
    ['verdicts', `${pass} passed, ${delay} delayed, ${hold} held, ${refuse} refused`],
  ];
  const would = observedVerdicts; // undefined: a guard of an earlier version
  if (would !== undefined && would.delay + would.hold + would.refuse > 0) {
    const text = `${would.hold} held, ${would.refuse} refused, ${would.delay} delayed`;
    lines.push(['', `of those that passed, mode guard would have stopped: ${text}`]);
  }
  return lines;
}

/** Mode observe: what guarding would change, in one sentence and one command. */
function enforcingLines(view: EnforcingView | undefined): (readonly [string, string])[] {
  if (view === undefined) return [];
  return [
    ['observing', view.text],
    ['', 'which accounts, and how to let Postern act: postern mode'],
  ];
}

/** Until when mail without a right to its From is still signed. */
function authorLines({ authors }: StatusView): (readonly [string, string])[] {
  // A guard of an earlier version does not say it.
  if (authors?.isRunning !== true) return [];
  const end = clock(authors.until ?? 0);
  return [
    ['authors', `observed until ${end}; then a key signs only for accounts that may use it`],
    ['', 'see what was seen: postern accounts may-write-as --suggest'],
  ];
}

/** How much is held, and of which accounts most. */
function heldLines({ held, heldMax, heldMost }: StatusView): (readonly [string, string])[] {
  const accounts = heldMost.map((one): readonly [string, string] => {
    // Mail of this machine has no sender that could wait.
    const then = isLocal(one.account) ? 'further mail is held too' : 'further mail must wait';
    const full = isHeldFull(one, heldMax) ? paint('red', ` (full: ${then})`) : '';
    const of = `${one.messages} of at most ${heldMax.messages} (${megabytes(one.bytes)})`;
    return ['', `${plain(one.account)}: ${of}${full}`];
  });
  return [['held', many(held, 'message')], ...accounts];
}

const notWatched: Readonly<Record<'off' | 'unread', string>> = {
  off: 'not watched: no mail log is read, so nothing would be noticed',
  unread: 'not watched: a mail log cannot be read (run postern doctor)',
};

/** How much mail left without a verdict, and on which ways. */
function bypassLines(bypass: BypassView | undefined): [string, string][] {
  if (bypass === undefined) return []; // a guard of version 0.1
  const { messages, since, watched, ways } = bypass;
  const lines: [string, string][] = [];
  if (watched !== 'yes') lines.push(['bypassed', paint('red', notWatched[watched])]);
  if (watched === 'off') return lines;
  const found = messages === 0 ? 'none' : paint('red', many(messages, 'message'));
  const text = `${found} in the mail log since ${clock(since)}`;
  lines.push([lines.length === 0 ? 'bypassed' : '', text]);
  for (const way of ways) {
    lines.push(['', plain(`${many(way.messages, 'message')}, ${wayText(way)}`)]);
  }
  return lines;
}

/** How much returned mail of the last two weeks was not about mail of this server. */
function returnLines(returns: ReturnView | undefined): [string, string][] {
  const days = returns?.days ?? []; // a guard of an earlier version does not say it
  const sum = (of: 'proven' | 'unproven' | 'refusable'): number =>
    days.reduce((all, day) => all + day[of], 0);
  if (sum('proven') + sum('unproven') === 0) return [];
  const text =
    `${many(sum('unproven'), 'message')} of the last 14 days not proven to be about our mail, ` +
    `${sum('proven')} proven; reflection.bounces = "refuse" would refuse ${sum('refusable')} ` +
    '(returned mail only, and not in the first five days)';
  return [['returned', text]];
}

/** Mail that no key signed, or that is held, as its account may not write as its author. */
function foreignLines(pairs: StatusView['foreign'] | undefined): [string, string][] {
  if (pairs === undefined) return []; // a guard of an earlier version
  return pairs.flatMap(({ account, address, messages, lastAt }, nth) => {
    const as = address === '' ? 'further addresses' : authorText(address);
    const allow = mayWriteAsCommand({ account, address });
    const text = `${many(messages, 'message')} of ${plain(account)} as ${plain(as)}`;
    const lines: [string, string][] = [
      [nth === 0 ? 'foreign' : '', `${text} without a signature, last ${clock(lastAt)}`],
    ];
    if (allow !== '') lines.push(['', `to allow it: ${allow}`]);
    return lines;
  });
}

/** Incoming mail that waits, and what a person may want to look at. */
function inboundLines(inbound: StatusView['inbound'] | undefined): [string, string][] {
  if (inbound === undefined) return []; // a guard of an earlier version
  const { atRisk, quarantined, stance, waiting } = inbound;
  if (stance === 'observe' && waiting + quarantined === 0) return [];
  const lines: [string, string][] = [
    ['incoming', `${many(waiting, 'message')} waiting, ${quarantined} in quarantine`],
  ];
  if (atRisk > 0) {
    const text = `${many(atRisk, 'message')} put off and not back: postern inbound at-risk`;
    lines.push(['', paint('red', text)]);
  }
  return lines;
}

/** Providers that slow or block our mail. */
function providerLines(bad: StatusView['providers'] | undefined): [string, string][] {
  if (bad === undefined || bad.length === 0) return []; // or a guard of an earlier version
  const names = bad.map(({ family, provider, state }) =>
    plain(family === 'ipv6' ? `${provider} by IPv6 ${state}` : `${provider} ${state}`),
  );
  return [
    ['providers', paint('red', someOf(names, providersMax))],
    ['', 'why, and what to do: postern providers list'],
  ];
}

/** When a hijack was last played with real mail, and whether every link worked. */
function drillLines(drill: Pick<ChecklistItem, 'state' | 'found'> | undefined): [string, string][] {
  if (drill === undefined || drill.state === 'missing') return [];
  const { found, state } = drill;
  return [['drill', state === 'done' ? found : paint('red', `${found}: postern drill last`)]];
}

function suspendedText(cards: StatusOverview['suspended'], all: number): string {
  if (cards.length === 0) return '';
  let text = '\n';
  for (const { account, incident } of cards) {
    text += `${paintState('suspended', account.observed)}  ${plain(account.account)}\n`;
    if (incident === undefined) text += '  by an operator\n';
    else {
      text +=
        `  since ${clock(incident.suspendedAt)}: ` +
        `${many(incident.leakedRecipients, 'recipient')} reached, ${stoppedText(incident)}\n`;
    }
    // The second one is what numbers alone do not say.
    for (const { text: why } of (incident?.reasons ?? account.reasons).slice(0, 2)) {
      text += `  ${plain(why)}\n`;
    }
    text += decisionText(account);
  }
  return all > cards.length ? `${text}and ${many(all - cards.length, 'more account')}\n` : text;
}

/** What to run, as `accounts show` says it with more words. */
function decisionText({ account, hijackedAt, observed }: AccountView): string {
  const release = releaseCommands(account);
  if (observed) {
    const honest = `  if it was honest mail: ${release.falseAlarm}\n`;
    return `  if it was a hijack: change its password\n${honest}`;
  }
  const refused = hijackedAt !== undefined && hijackedAt !== null;
  const hijack = refused
    ? `  an operator said that it was hijacked, ${clock(hijackedAt)}\n`
    : `  if it was hijacked: ${shellWords('postern', 'accounts', 'suspend', account)} --hijacked\n`;
  return (
    hijack +
    `  after you changed its password: ${release.hijacked}\n` +
    `  if it was honest mail: ${release.falseAlarm}\n`
  );
}

function watchedText(watched: readonly AccountView[]): string {
  if (watched.length === 0) return '';
  return `\n${table(
    [{ title: 'WATCHED' }, { title: 'EVIDENCE', align: 'right' }, { title: 'WHY' }],
    watched.map((one) => [
      plain(one.account),
      one.evidence.toFixed(2),
      plain(one.reasons[0]?.text ?? ''),
    ]),
  )}`;
}
