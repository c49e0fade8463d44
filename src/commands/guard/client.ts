/**
 * Asks the running guard, with the address and the token in run.json. Its routes are in
 * src/doors/http/api/api.ts. Answers are trusted: they come from this same program.
 */
import { userInfo } from 'node:os';
import type { AccountFacts } from '../../core/incidents/account-facts.ts';
import { OperatorError, sysexits } from '../../lib/operator-error.ts';
import type { Admin, AdminResult } from '../../ports/admin.ts';
import type { HeldView } from '../../ports/asking.ts';
import type { HeldRow } from '../../ports/ledger.ts';
import { type Answered, type Asked, askedAt, requestGuard } from './request.ts';
import { neededApi, type RunFile, readRunFile, stateDirectory } from './run-file.ts';

/** Most answers come from memory; holding and releasing mail calls Postfix's slow tools. */
const readMs = 10_000;
const actMs = 120_000;

export type FoundGuard<Method extends 'account' | 'heldOne'> = NonNullable<
  ReturnType<Admin[Method]>
>;
/** A held message as GET /api/held/ID has it. */
export type FoundHeld = Omit<FoundGuard<'heldOne'>, 'held'> & {
  readonly held: HeldRow & Partial<HeldView>;
};
/** An account as GET /api/accounts/NAME has it; a guard of an earlier version has no facts. */
export type FoundAccount = FoundGuard<'account'> & { readonly facts?: AccountFacts };

export type GuardClient = {
  readonly run: RunFile;
  /** `path`: below /api, with its query. Throws OperatorError `no-such` if nothing is there. */
  read<Answer>(path: string): Promise<Answer>;
  /** Answers with what was done; throws OperatorError `not-done` with the reason otherwise. */
  act(
    path: string,
    body: Readonly<Record<string, unknown>>,
  ): Promise<Extract<AdminResult, { ok: true }>>;
};

/** Throws OperatorError `not-running` or `door-off` (69) when no guard can be asked. */
export async function connectToGuard(state: string | undefined): Promise<GuardClient> {
  const run = await readRunFile(stateDirectory(state));
  neededApi(run);
  return {
    run,
    read: <Answer>(path: string) => ask(run, { path, deadlineMs: readMs }) as Promise<Answer>,
    async act(path, body) {
      const whole = JSON.stringify({ by: operator(), ...body });
      const asked: Asked = { path, method: 'POST', body: whole, deadlineMs: actMs };
      const done = (await ask(run, asked)) as AdminResult;
      if (done.ok) return done;
      throw notDone(done);
    },
  };
}

/** `/accounts/NAME/VERB`, for a name with any characters. */
export function accountPath(name: string, verb = ''): string {
  return `/accounts/${encodeURIComponent(name)}${verb === '' ? '' : `/${verb}`}`;
}

/** `?a=1&b=2` of the values that are defined. */
export function queryText(query: Readonly<Record<string, string | number | undefined>>): string {
  const set = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)] as [string, string]],
  );
  return set.length === 0 ? '' : `?${new URLSearchParams(set)}`;
}

/** The operator's user name for the record: the user who called sudo, if there is one. */
export function operator(): string {
  const behind = process.env['SUDO_USER'];
  const name = behind === undefined || behind === '' ? userName() : behind;
  return name.replace(/\p{Cc}/gu, '?').slice(0, 64);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? '?'}`; // a container without a passwd entry
  }
}

/** `asked.path`: below /api. */
async function ask(run: RunFile, asked: Asked): Promise<unknown> {
  let answer: Answered;
  try {
    answer = await requestGuard(run, { ...asked, path: `/api${asked.path}` });
  } catch (cause) {
    throw unreachable(run, cause);
  }
  const value = parsed(answer.text);
  // With 409 the guard says why it could not do it.
  if (answer.status === 200 || answer.status === 409) return value;
  throw refused(run, answer.status, value);
}

function unreachable(run: RunFile, cause: unknown): OperatorError {
  return new OperatorError('not-reachable', `the guard does not answer at ${askedAt(run)}`, {
    cause,
    hint: `its process ${run.pid} exists; run \`postern doctor\`, and read its log`,
    exit: sysexits.unavailable,
  });
}

function refused(run: RunFile, status: number, value: unknown): OperatorError {
  const { text, hint } = { text: `status ${status}`, hint: '', ...said(value) };
  if (status === 404) return noSuch(text);
  if (status === 400) return new OperatorError('bad-value', text, { hint, exit: sysexits.usage });
  const answered = `${askedAt(run)} answered: ${text}`;
  if (status === 401 || status === 429) {
    return new OperatorError('wrong-token', answered, { hint, exit: sysexits.noPerm });
  }
  return new OperatorError('guard-failed', answered, { hint, exit: sysexits.unavailable });
}

/** `text`: `no such account` and the like, as the guard says it. */
export function noSuch(text: string): OperatorError {
  const where = {
    account: 'find its name with: postern accounts list --like TEXT',
    incident: 'see: postern incidents list',
    provider: 'providers that mail was sent to: postern providers list',
  };
  const [, what = ''] = /such (\w+)$/.exec(text) ?? [];
  const hint =
    where[what as keyof typeof where] ??
    'to look for it by address, subject or Message-ID: postern find WHAT';
  return new OperatorError('no-such', text, { hint, exit: sysexits.noUser });
}

/** For a question that may have no answer: undefined if the guard said `noSuch`. */
export function nothingThere(error: unknown): undefined {
  if (error instanceof OperatorError && error.code === 'no-such') return undefined;
  throw error;
}

export function notDone(done: Extract<AdminResult, { ok: false }>): OperatorError {
  return new OperatorError('not-done', done.text, {
    ...(done.hint === undefined ? {} : { hint: done.hint }),
    exit: done.isUnknown === true ? sysexits.noUser : 1,
  });
}

function said(value: unknown): { readonly text?: string; readonly hint?: string } {
  return typeof value === 'object' && value !== null ? value : {};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
