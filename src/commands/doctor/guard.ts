/** What doctor checks of the running guard: its ledger, mode, keys, scripts and notices. */
import { parseDuration } from '../../config/duration.ts';
import type { Config } from '../../config/schema.ts';
import type { SeenFinding } from '../../core/checklist/items/derive.ts';
import { type ChannelProof, checkNotices } from '../../core/checklist/notices.ts';
import {
  checkDkimKeys,
  checkQueueLifetime,
  type DkimKeyFacts,
} from '../../core/checklist/signing/dkim-keys.ts';
import { checkProbation } from '../../core/checklist/signing/probation.ts';
import { type Finding, fine } from '../../core/finding.ts';
import { mainValue, parseMainCf } from '../../formats/postfix/main-cf.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import type { Millis } from '../../lib/time.ts';
import { postconf } from '../../partners/postfix/postconf.ts';
import { usualConfig } from '../config/usual-config.ts';
import { readPostfixFiles } from '../connect/postfix-files.ts';
import { guardAnswer } from '../guard/answer.ts';
import type { RunFile } from '../guard/run-file.ts';
import { checkScripts } from './scripts.ts';

/** Was a run file read, or is it the error instead? */
export function isRun(value: unknown): value is RunFile {
  return typeof value === 'object' && value !== null && 'doors' in value;
}

/** `run`: the run file, or the error from reading it. `everRan`: there is a ledger. */
export function guardRuns(
  { run, live, everRan }: { run: unknown; live: RunFile | undefined; everRan: boolean },
  status: Record<string, unknown> | undefined,
): SeenFinding {
  const id = 'daemon.alive';
  const title = 'Guard';
  if (status !== undefined) return fine(id, title, `running, version ${String(status['version'])}`);
  if (live?.doors.http === 'off' && live.doors.command === undefined) {
    const found = 'running, but its http door is off, so commands cannot ask it';
    const fix = 'set doors.http in postern.toml';
    return { id, kind: 'warn', title, found, wanted: 'an http door on loopback', fix };
  }
  const found = run instanceof Error ? run.message : 'it does not answer';
  const fix = run instanceof OperatorError ? (run.hint ?? '') : 'restart Postern';
  const finding = { id, kind: 'fail', title, found, wanted: 'a running guard', fix } as const;
  if (isDenied(run)) return { ...finding, state: 'unknown' };
  return live === undefined && !everRan ? { ...finding, state: 'missing' } : finding;
}

function isDenied(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'EACCES';
}

export function ledger(status: Record<string, unknown>): Finding {
  const id = 'daemon.ledger';
  const title = 'Ledger';
  const { state, why, path } = { ...(status['ledger'] as Record<string, unknown> | undefined) };
  if (state === 'ok') return fine(id, title, `writable, ${String(path)}`);
  const found = `takes no writes: ${String(why)}`;
  const fix = 'most often the disk is full: free some space; Postern then continues automatically';
  return { id, kind: 'fail', title, found, wanted: 'a ledger that takes writes', fix };
}

export function mode(status: Record<string, unknown>): Finding {
  const id = 'daemon.mode';
  const title = 'Mode';
  if (status['mode'] === 'guard') return fine(id, title, 'guard: hijacked accounts are stopped');
  const fix = 'when you trust its verdicts: postern mode guard (see first: postern mode)';
  const enforce = status['enforce'];
  if (Array.isArray(enforce) && enforce.length > 0) {
    const found = `observe: Postern acts on ${enforce.join(', ')} only, and stops nobody else`;
    return { id, kind: 'warn', title, found, wanted: 'mode = "guard"', fix };
  }
  const found = 'observe: Postern stops nothing, it only says what it would do';
  return { id, kind: 'warn', title, found, wanted: 'mode = "guard"', fix };
}

/** Whether Postern doubts its own verdicts. A guard of an earlier version has no brake. */
export function brake(status: Record<string, unknown>): Finding {
  const id = 'daemon.brake';
  const title = 'Brake';
  const { on, text } = { ...(status['brake'] as Record<string, unknown> | undefined) };
  if (on !== true) return fine(id, title, 'off: verdicts are carried out');
  const fix = 'see what the stops have in common, and what helps: postern brake';
  return { id, kind: 'warn', title, found: String(text), wanted: 'a brake that is off', fix };
}

export async function scripts(
  config: Config,
  live: RunFile | undefined,
  configDir: string | undefined,
): Promise<readonly Finding[]> {
  try {
    const folder = configDir ?? (await postconf('config_directory', undefined));
    return await checkScripts(config, live, folder);
  } catch {
    return []; // without a Postfix to read, mailServer has a finding
  }
}

/** The guard's own keys, and whether Postfix keeps mail longer than their records stay. */
export async function keys(
  { signing }: Config,
  live: RunFile | undefined,
  configDir: string | undefined,
): Promise<readonly Finding[]> {
  const answer = live === undefined ? undefined : await askGuard(live, '/api/dkim');
  const all = answer?.['keys'];
  if (!Array.isArray(all) || all.length === 0) return [];
  const facts = all as readonly DkimKeyFacts[];
  const found = checkDkimKeys(facts, Date.now() as Millis);
  try {
    const folder = configDir ?? (await postconf('config_directory', undefined));
    const { main } = await readPostfixFiles(folder);
    const lifetime = mainValue(parseMainCf(main), 'maximal_queue_lifetime');
    const withdrawAfterMs = parseDuration(signing.rotation.withdraw_after) ?? 0;
    const { enabled, expires } = signing.probation;
    const probation = { enabled, expires, expiresMs: parseDuration(expires) ?? 0 };
    return [
      ...found,
      ...checkQueueLifetime(lifetime, withdrawAfterMs),
      ...checkProbation(facts, probation, lifetime),
    ];
  } catch {
    return found; // without a Postfix to read, mailServer has a finding
  }
}

/** `send`: with a test notice through every channel. */
export async function notices(
  { mail_to: mailTo, webhook }: Config['notices'],
  {
    live,
    send,
    status,
  }: {
    readonly live: RunFile | undefined;
    readonly status: Record<string, unknown> | undefined;
    readonly send: boolean;
  },
): Promise<SeenFinding> {
  const isConfigured = usualConfig() !== undefined;
  const facts = { mailTo, hasWebhook: webhook !== '', isConfigured, now: Date.now() as Millis };
  const proofs = status?.['notices'];
  const known = Array.isArray(proofs) ? (proofs as readonly ChannelProof[]) : undefined;
  const before = checkNotices({ ...facts, proofs: known });
  if (live === undefined || !send || before.state === 'missing') return before;
  const tried = await testNotice(live);
  const found = String(tried['text'] ?? 'the guard did not answer the test');
  if (tried['ok'] !== true) {
    const fix = String(tried['hint'] ?? 'see [notices] in postern.toml');
    return { ...before, kind: 'fail', state: 'broken', found, fix };
  }
  return before.kind === 'warn' ? before : fine(before.id, before.title, found);
}

async function testNotice(live: RunFile): Promise<Record<string, unknown>> {
  return (await askGuard(live, '/api/test-notice', 'POST')) ?? {};
}

/** What the guard says of itself; undefined: it does not answer in this time. */
export async function statusOf(
  run: RunFile,
  deadlineMs: number,
): Promise<Record<string, unknown> | undefined> {
  const body = await guardAnswer(run, '/api/status', { deadlineMs });
  return typeof body === 'object' && body !== null ? { ...body } : undefined;
}

/** As guardAnswer, when it is an object. A test notice on a slow channel may take a minute. */
export async function askGuard(
  run: RunFile,
  path: string,
  method: 'GET' | 'POST' = 'GET',
): Promise<Record<string, unknown> | undefined> {
  const body = await guardAnswer(run, path, { method, deadlineMs: 70_000 });
  return typeof body === 'object' && body !== null ? { ...body } : undefined;
}
