/** Asks a guard for `postern check`: through its state folder, else at the address of its page. */
import { OperatorError } from '../../lib/operator-error.ts';
import type { AccountView } from '../../ports/admin.ts';
import type { Answered } from '../guard/request.ts';
import { requestGuard } from '../guard/request.ts';
import { readRunFile } from '../guard/run-file.ts';
import { type CheckFacts, numbersOf } from './facts.ts';

/** All questions are asked at once, so this is about how long a check lasts at most. */
const deadlineMs = 6_000;
const answerBytesMax = 4 * 1024 * 1024;

/** The part of GET /api/overview that is needed here. */
type Overview = { readonly suspended?: readonly { readonly account: AccountView }[] };

/** Throws OperatorError `not-running` if no guard runs, or if this user may not read the folder. */
export async function askInFolder(state: string): Promise<CheckFacts> {
  const run = await readRunFile(state);
  const ask = (path: string): Promise<Answered> => requestGuard(run, { path, deadlineMs });
  const [health, metrics, overview] = await Promise.all(
    ['/health', '/metrics', '/api/overview'].map(ask),
  );
  const { suspended = [] } = parsed<Overview>(overview);
  return {
    ...healthOf(health),
    numbers: numbersOf(metrics?.text ?? ''),
    suspendedNames: suspended.map(({ account }) => account.account),
  };
}

/** `token`: opens /metrics; empty: only /health is asked. */
export async function askAtPage(url: string, token: string): Promise<CheckFacts> {
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
  const ask = (path: string): Promise<Answered> => get(new URL(path, url), headers);
  const [health, metrics] = await Promise.all([
    ask('/health'),
    ...(token === '' ? [] : [ask('/metrics')]),
  ]);
  if (metrics !== undefined && metrics.status !== 200) {
    throw new OperatorError('check-token', `/metrics answered ${metrics.status}: wrong token?`, {
      hint: 'copy the file metrics-token of the state folder again',
    });
  }
  const numbers = metrics === undefined ? undefined : numbersOf(metrics.text);
  return { ...healthOf(health), numbers, suspendedNames: [] };
}

async function get(url: URL, headers: Readonly<Record<string, string>>): Promise<Answered> {
  const signal = AbortSignal.timeout(deadlineMs);
  const answer = await fetch(url, { headers, redirect: 'manual', signal });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return { status: answer.status, text: Buffer.concat(chunks).toString() };
}

function healthOf(answer: Answered | undefined): Pick<CheckFacts, 'healthy' | 'why'> {
  const { ok, why = [] } = parsed<{ readonly ok?: boolean; readonly why?: string | string[] }>(
    answer,
  );
  if (typeof ok !== 'boolean') throw new Error('the program there is not Postern');
  return { healthy: ok, why: [why].flat().filter((text) => text !== '') };
}

function parsed<Value extends object>(answer: Answered | undefined): Value {
  try {
    const value: unknown = JSON.parse(answer?.text ?? '');
    return (typeof value === 'object' && value !== null ? value : {}) as Value;
  } catch {
    return {} as Value;
  }
}
